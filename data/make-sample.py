#!/usr/bin/env python3
"""Rebuilds redial-sample.jsonl, catalogue.csv and people.csv from a copy of the ReDial data set.

    python3 data/make-sample.py FOLDER

FOLDER holds `test.jsonl` and `train_raw_partial.jsonl` (raw ReDial dialogues, one a line) and `items.csv` (a table of the
movies with at least the columns movieId, title, year). The result is the same each time; README.md says what was changed.
"""

import collections
import csv
import hashlib
import json
import pathlib
import re
import sys

DIALOGUES = 400
OF_MAIN = 150
LONGEST_LINE = 3_200
FEWEST_MOVIES = 3
YEAR = re.compile(r"\s*\((\d{4})\)\s*$")
ORIGINAL = (
    "movieMentions", "respondentQuestions", "messages", "conversationId",
    "respondentWorkerId", "initiatorWorkerId", "initiatorQuestions",
)
# Left out by hand because of what was written in them: rude words, slurs, talk about the task or the pay.
LEFT_OUT = set("""
395 418 458 467 471 533 538 542 544 596 599 600 616 671 779 860 895 1053 1063 1286 1510 1711 1724 2133 2165 2426 2713
2804 2873 2909 2988 3126 3210 3322 3365 3372 3521 3862 4443 4477 4485 4497 4565 4817 4829 4831 4995 4997 5188 5495
5522 5555 5566 5889 6397 6499 6592 6645 6658 6711 6760 6865 7006 7023 7206 7334 7536 7621 7765 7911 7982 8213 8564
8751 9237 9367 9557 9599 9615 9667 9729 9875 9883 9980 10315 10335 10461 10562 10690 10703 10749 10803 10826 10879
10954 10961 11036 11038 11265 11282 11287 11313 11413 11779 11855 12248 12332 12367 12374 12388 12521 12792 12798
13035 13056 13098 13144 13201 13206 13296 13349 13381 13397 13650 13668 13686 13754 13798 13832 13910 14031 14045
14124 14147 14184 14265 14350 14369 14373 14436 14460 14534 14569 14654 14767 14907 14938 15146 15157 15203 15267
15459 15479 15491 15502 15585 15609 15664 15666 15718 15801 15848 15854 15898 15963 16150 16255 16511 16667 16682
16734 16768 16810 16906 16910 17118 17189 17193 17226 17332 17336 17958 17990 18005 18065 18117 18129 18546 18710
18714 18778 18943 18990 18999 19118 19129 19147 19258 19350 19386 19454 19517 19558 19846 19902 20194 20378 20392
20454 20636 20641 20653 20749 20828 20861 20880 21051 21317 21423 21585 21658 21659 21671 21674 21682 21705 21711
21792 21852 21862 21863 21871 21930 22013 22182 22395 22422 22542 22581 22604 22605 22612 22696 22766 22768 22865
22891 22910 23015 23162 23181 23195 23294 23298 23316
""".split())

NAMES = """
Ana Ben Carla David Emi Farid Greta Hugo Ines Jonas Kira Luca Mina Nils Olga Pablo Rosa Sami Tara Umar Vera Wim Yara Zeno
Aiko Bruno Chiara Diego Elif Femi Gita Hana Ivan Jana Kofi Leila Marek Nadia Omar Petra Quinn Rafa Sofia Tomas Uma Viktor
Wanda Yusuf Zoe Amara Boris Celine Dario Esra Fiona Goran Hilde Isak Julia Kenji Lena Malik
""".split()


def dialogues(folder):
    """Every raw dialogue that has message ids and times, once, without the columns that other projects added."""
    seen = set()
    for name in ("test.jsonl", "train_raw_partial.jsonl"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            dialogue = json.loads(line)
            if dialogue["conversationId"] in seen:
                continue
            if not all("messageId" in m and "timeOffset" in m for m in dialogue["messages"]):
                continue
            seen.add(dialogue["conversationId"])
            if set(dialogue) != set(ORIGINAL):
                line = json.dumps({key: dialogue[key] for key in ORIGINAL}, ensure_ascii=not line.isascii())
            yield dialogue, line


def fits(dialogue, line):
    mentioned = {m for message in dialogue["messages"] for m in re.findall(r"@(\d+)", message["text"])}
    return (
        dialogue["conversationId"] not in LEFT_OUT
        and dialogue["initiatorWorkerId"] != dialogue["respondentWorkerId"]
        and len(line.encode()) <= LONGEST_LINE
        and len(mentioned & set(dialogue["movieMentions"])) >= FEWEST_MOVIES
    )


def people_of(dialogue):
    return {dialogue["initiatorWorkerId"], dialogue["respondentWorkerId"]}


def in_turns(dialogues, key):
    """First one of each key, then a second of each, and so on, so that no key crowds out the others."""
    queues = collections.OrderedDict()
    for entry in dialogues:
        queues.setdefault(key(entry[0]), collections.deque()).append(entry)
    while queues:
        for name in list(queues):
            yield queues[name].popleft()
            if not queues[name]:
                del queues[name]


def choose(all_dialogues):
    count = collections.Counter(worker for dialogue, _ in all_dialogues for worker in people_of(dialogue))
    main = min(count, key=lambda worker: (-count[worker], worker))
    hers = [entry for entry in all_dialogues if main in people_of(entry[0])]
    chosen = [entry for entry, _ in zip(in_turns(hers, lambda d: min(people_of(d) - {main})), range(OF_MAIN))]
    circle = {worker for dialogue, _ in chosen for worker in people_of(dialogue)}
    among = [e for e in all_dialogues if main not in people_of(e[0]) and people_of(e[0]) <= circle]
    lively = collections.Counter(worker for dialogue, _ in among for worker in people_of(dialogue))
    among.sort(key=lambda e: (-sum(lively[w] for w in people_of(e[0])), int(e[0]["conversationId"])))
    chosen += [entry for entry, _ in zip(among, range(DIALOGUES - len(chosen)))]
    return sorted(chosen, key=lambda entry: int(entry[0]["conversationId"]))


def catalogue(folder, chosen):
    """id, title, year of every movie of the table, and of those the sample names beyond it."""
    with open(folder / "items.csv", encoding="utf-8", newline="") as table:
        rows = {row["movieId"]: (row["title"].strip(), row["year"].strip()) for row in csv.DictReader(table)}
    for dialogue, _ in chosen:
        for movie, title in dialogue["movieMentions"].items():
            if movie not in rows and title and title.strip():
                year = YEAR.search(title)
                rows[movie] = (YEAR.sub("", title).strip(), year.group(1) if year else "")
    return [(movie, *rows[movie]) for movie in sorted(rows, key=int) if rows[movie][0]]


def write_csv(path, header, rows):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, here = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
    chosen = choose([entry for entry in dialogues(folder) if fits(*entry)])
    (here / "redial-sample.jsonl").write_text("".join(line + "\n" for _, line in chosen), encoding="utf-8")
    write_csv(here / "catalogue.csv", ("id", "title", "year"), catalogue(folder, chosen))
    count = collections.Counter(worker for dialogue, _ in chosen for worker in people_of(dialogue))
    workers = sorted(count, key=lambda worker: (-count[worker], worker))
    if len(workers) > len(NAMES):
        sys.exit(f"{len(workers)} people and {len(NAMES)} names")
    people = [(worker, name.lower(), name) for worker, name in zip(workers, NAMES)]
    write_csv(here / "people.csv", ("worker", "handle", "name"), people)
    for name in ("redial-sample.jsonl", "catalogue.csv", "people.csv"):
        data = (here / name).read_bytes()
        print(hashlib.sha256(data).hexdigest(), len(data), name)
    for worker, name in zip(workers[:8], NAMES):
        friends = {w for d, _ in chosen if worker in people_of(d) for w in people_of(d)} - {worker}
        print(f"{name}: worker {worker}, {count[worker]} dialogues with {len(friends)} people")
    print(f"{len(chosen)} dialogues, {len(workers)} people")


if __name__ == "__main__":
    main()
