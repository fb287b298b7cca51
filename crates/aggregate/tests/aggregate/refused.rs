//! What is not counted, and what is said of it.

use crate::made::{
    Counting, HELPER, LEADER, World, acts, after, contribution, key, report, reports, task, terms, within,
};
use aggregate::{
    Act, Book, Contribution, Error, Helper, Leader, OverCap, PrivateKey, Refusal, Report, Role, Sealed, Task,
    TaskFault, Terms, decode, encode, report_id,
};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, OpModeS, Serializable, single_shot_seal_with_rng};
use prio::codec::Encode;
use prio::field::Field128;
use prio::flp::Type;
use prio::flp::gadgets::{Mul, ParallelSum};
use prio::flp::types::SumVec;
use prio::vdaf::Client;
use prio::vdaf::prio3::{Prio3, optimal_chunk_length};
use prio::vdaf::xof::{SeedStreamTurboShake128, XofTurboShake128};
use rand_core::SeedableRng;

/// A share sealed as the protocol says, written out here once more: role, task, partner, period, id, hour, public share.
fn sealed(task: &Task, report: &Report, role: Role, share: &[u8]) -> Sealed {
    let terms = task.terms();
    let (number, to) = match role {
        Role::Leader => (0, terms.leader_key),
        Role::Helper => (1, terms.helper_key),
    };
    let mut about = vec![number];
    about.extend(report.head.task);
    about.extend((terms.partner.len() as u32).to_be_bytes());
    about.extend(terms.partner.as_bytes());
    about.extend(report.head.period.to_be_bytes());
    about.extend(report.head.id);
    about.extend(report.head.hour.to_be_bytes());
    about.extend((report.public_share.len() as u32).to_be_bytes());
    about.extend(&report.public_share);
    let to = hex::decode(to.to_string()).unwrap();
    let to = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&to).unwrap();
    let (key, body) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &to,
        b"privity aggregate v1 input share",
        share,
        &about,
        &mut Random(SeedStreamTurboShake128::from_seed([5; 32])),
    )
    .unwrap();
    Sealed {
        key: key.to_bytes().into(),
        body,
    }
}

/// The stream has no mark of being fit for keys; in a test it is.
struct Random(SeedStreamTurboShake128);
impl rand_core::TryRng for Random {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0.try_next_u32()
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0.try_next_u64()
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        self.0.try_fill_bytes(to)
    }
}
impl rand_core::TryCryptoRng for Random {}

/// A person's report made by other software than ours: these numbers, this proof system, this context.
fn forged<T: Type<Measurement = Vec<u128>>>(
    task: &Task,
    person: usize,
    proof: &Prio3<T, XofTurboShake128, 32>,
    context: &[u8],
    numbers: Vec<u128>,
) -> Report {
    let mut forged = report(task, person);
    let (public, shares) = proof.shard(context, &numbers, &forged.head.id).unwrap();
    forged.public_share = public.get_encoded().unwrap();
    forged.leader = sealed(task, &forged, Role::Leader, &shares[0].get_encoded().unwrap());
    forged.helper = sealed(task, &forged, Role::Helper, &shares[1].get_encoded().unwrap());
    forged
}

/// Brings one report and ten good ones in; what was said of it at once, and what each aggregator counted in the end.
fn fate(bad: Report) -> (Result<(), Refusal>, Vec<u64>, Vec<u64>) {
    let mut world = World::of(terms());
    let mut all = reports(&world.task, 10);
    all.push(bad);
    let answers = world.leader.accept(&all, after()).unwrap();
    assert!(answers[..10].iter().all(Result::is_ok));
    world.work();
    let (leader, _) = world.leader.standing(&world.id(), 1).unwrap();
    let (helper, _) = world.helper.standing(&world.id(), 1).unwrap();
    assert_eq!(leader.checksum, helper.checksum);
    assert_eq!((leader.count, helper.count), (10, 10), "it was counted");
    world.holds_the_truth(10);
    (answers[10], leader.refused, helper.refused)
}

/// Refused when it comes in.
fn refused_at_once(bad: Report) -> Refusal {
    let (said, _, helper) = fate(bad);
    assert_eq!(helper.iter().sum::<u64>(), 0);
    said.unwrap_err()
}

/// Taken in, and refused when both look at it.
fn refused_by(bad: Report, leader: Option<Refusal>, helper: Option<Refusal>) {
    let (said, at_leader, at_helper) = fate(bad);
    assert_eq!(said, Ok(()));
    let numbers = |refusal: Option<Refusal>| -> Vec<u64> {
        Refusal::ALL.iter().map(|r| u64::from(Some(*r) == refusal)).collect()
    };
    assert_eq!((at_leader, at_helper), (numbers(leader), numbers(helper)));
}

#[test]
fn what_is_not_a_report_of_the_task_is_refused_with_the_reason() {
    let task = task();
    let good = || report(&task, 99);
    let with = |change: &dyn Fn(&mut Report)| {
        let mut bad = good();
        change(&mut bad);
        refused_at_once(bad)
    };
    assert_eq!(with(&|r| r.head.task[0] ^= 1), Refusal::Task);
    assert_eq!(with(&|r| r.head.period = 0), Refusal::Period);
    assert_eq!(with(&|r| r.head.period = 2), Refusal::Period);
    assert_eq!(with(&|r| r.head.period = 10_000), Refusal::Period);
    // Made before the period, after reports of it may be late, in the future.
    assert_eq!(with(&|r| r.head.hour -= 48), Refusal::Period);
    assert_eq!(with(&|r| r.head.hour += 24 * 5), Refusal::Period);
    assert_eq!(with(&|r| r.head.hour += 6), Refusal::Period);
    // Everything in the head, and the public share, is authenticated with the share.
    assert_eq!(with(&|r| r.head.hour -= 1), Refusal::Sealed);
    assert_eq!(with(&|r| r.head.id[3] ^= 1), Refusal::Sealed);
    assert_eq!(with(&|r| r.public_share[0] ^= 1), Refusal::Sealed);
    // Sealed to another key, cut short, damaged, the two swapped.
    assert_eq!(with(&|r| r.leader.key = r.helper.key), Refusal::Sealed);
    assert_eq!(with(&|r| _ = r.leader.body.pop()), Refusal::Sealed);
    assert_eq!(with(&|r| r.leader.body.clear()), Refusal::Sealed);
    assert_eq!(with(&|r| r.leader.body[9] ^= 1), Refusal::Sealed);
    assert_eq!(with(&|r| std::mem::swap(&mut r.leader, &mut r.helper)), Refusal::Sealed);
    assert_eq!(with(&|r| r.leader.key = [0; 32]), Refusal::Sealed);
}

#[test]
fn a_share_that_is_none_is_refused_by_whoever_opens_it() {
    let task = task();
    let mut bad = report(&task, 99);
    bad.leader = sealed(&task, &bad, Role::Leader, &vec![0; task.lengths().leader - 1]);
    assert_eq!(refused_at_once(bad), Refusal::Share);
    let mut bad = report(&task, 99);
    bad.public_share.pop();
    bad.leader = sealed(&task, &bad, Role::Leader, &vec![0; task.lengths().leader]);
    assert_eq!(refused_at_once(bad), Refusal::Share);
    // Numbers that the field does not have.
    let mut bad = report(&task, 99);
    bad.leader = sealed(&task, &bad, Role::Leader, &vec![0xff; task.lengths().leader]);
    refused_by(bad, Some(Refusal::Share), None);
    // The leader cannot see into the helper's.
    let mut bad = report(&task, 99);
    bad.helper.body[9] ^= 1;
    refused_by(bad, Some(Refusal::Sealed), Some(Refusal::Sealed));
    let mut bad = report(&task, 99);
    bad.helper = sealed(&task, &bad, Role::Helper, &vec![0; task.lengths().helper + 1]);
    refused_by(bad, Some(Refusal::Share), Some(Refusal::Share));
}

#[test]
fn more_than_the_cap_is_not_counted_even_if_other_software_made_the_report() {
    let task = task();
    let length = task.length();
    // The numbers and, after them, what they are said to add up to. This prover shows of each that it is at most 8, and
    // leaves out whether the sum is right. The shares look just like ours.
    let bits =
        SumVec::<Field128, ParallelSum<Field128, Mul>>::new(8, length + 1, optimal_chunk_length(4 * (length + 1)));
    let careless = Prio3::new(2, 1, 7, bits.unwrap()).unwrap();
    let saying = |first: u128, second: u128, sum: u128| {
        let mut numbers = vec![0; length + 1];
        (numbers[0], numbers[1], numbers[length]) = (first, second, sum);
        forged(&task, 99, &careless, &task.context(), numbers)
    };
    let proof = Some(Refusal::Proof);
    assert_eq!(saying(8, 1, 8).leader.body.len(), report(&task, 1).leader.body.len());
    refused_by(saying(8, 1, 8), proof, proof);
    refused_by(saying(8, 8, 8), proof, proof);
    refused_by(saying(1, 1, 3), proof, proof);
    // With the right sum the very same prover convinces: it is the sum that is refused.
    let counted = |report: Report| {
        let mut world = World::of(terms());
        assert_eq!(world.leader.accept(&[report], after()).unwrap(), [Ok(())]);
        world.work();
        let (leader, _) = world.leader.standing(&world.id(), 1).unwrap();
        let (helper, _) = world.helper.standing(&world.id(), 1).unwrap();
        assert_eq!((leader.count, helper.count), (1, 1));
    };
    counted(saying(7, 1, 8));
    // One number above the cap: no bits are 9, so a share is shifted.
    let shifted = |by: u8| {
        let mut bad = saying(8, 0, 8);
        let (public, shares) = careless
            .shard(&task.context(), &numbers_of(length, 8), &bad.head.id)
            .unwrap();
        bad.public_share = public.get_encoded().unwrap();
        let mut leaders = Field128s::of(&shares[0].get_encoded().unwrap());
        leaders.add(0, by);
        bad.leader = sealed(&task, &bad, Role::Leader, &leaders.0);
        bad.helper = sealed(&task, &bad, Role::Helper, &shares[1].get_encoded().unwrap());
        bad
    };
    refused_by(shifted(1), proof, proof);
    counted(shifted(0));
    // A proof made for another task does not verify here.
    let numbers = vec![0; length];
    refused_by(
        forged(&task, 99, task.proof(), b"another context", numbers.clone()),
        proof,
        proof,
    );
    counted(forged(&task, 99, task.proof(), &task.context(), numbers));
}

fn numbers_of(length: usize, first: u128) -> Vec<u128> {
    let mut numbers = vec![0; length + 1];
    (numbers[0], numbers[length]) = (first, first);
    numbers
}

/// Numbers of the field as they are written: sixteen bytes each, the lowest first.
struct Field128s(Vec<u8>);

impl Field128s {
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    fn add(&mut self, at: usize, by: u8) {
        let place = &mut self.0[at * 16..(at + 1) * 16];
        let number = u128::from_le_bytes(place.try_into().unwrap());
        let sum = (Field128::from(number) + Field128::from(u128::from(by)))
            .get_encoded()
            .unwrap();
        place.copy_from_slice(&sum);
    }
}

#[test]
fn contributions_beyond_the_cap_are_refused_and_change_nothing() {
    let task = task();
    let mut contribution = Contribution::new(&task);
    for _ in 0..8 {
        assert_eq!(contribution.add(&task, &key(&task, 3), Act::Send), Ok(true));
    }
    let before = contribution.clone();
    assert_eq!(contribution.add(&task, &key(&task, 3), Act::Send), Err(OverCap(8)));
    assert_eq!(contribution.add(&task, &key(&task, 4), Act::Click), Err(OverCap(8)));
    assert_eq!(contribution, before);
    assert_eq!(contribution.acts(), 8);
    // A day that the period does not have.
    let mut elsewhere = key(&task, 0);
    elsewhere.day = 2;
    assert_eq!(Contribution::new(&task).add(&task, &elsewhere, Act::Send), Ok(false));
}

#[test]
fn a_report_is_not_made_outside_its_period() {
    let task = task();
    let made = |period, now| {
        let id = report_id(&crate::made::secret(), &task, period, "ana");
        task.report(
            &contribution(&task, &acts(&task, 1)),
            period,
            id,
            now,
            Counting::from(5).as_ref(),
        )
    };
    assert!(made(1, within()).is_ok());
    assert_eq!(made(2, within()), Err(Refusal::Period));
    assert_eq!(made(0, within()), Err(Refusal::Period));
    assert_eq!(made(1, within().plus_days(4)), Err(Refusal::Period));
}

#[test]
fn a_persons_report_id_is_the_same_again_and_tells_nothing_without_the_secret() {
    let task = task();
    let (one, other) = (aggregate::Secret::new([9; 32]), aggregate::Secret::new([8; 32]));
    let id = report_id(&one, &task, 1, "ana");
    assert_eq!(id, report_id(&one, &task, 1, "ana"));
    assert_ne!(id, report_id(&one, &task, 2, "ana"));
    assert_ne!(id, report_id(&one, &task, 1, "anna"));
    assert_ne!(id, report_id(&other, &task, 1, "ana"));
}

#[test]
fn terms_that_make_no_task_are_refused() {
    let with = |change: &dyn Fn(&mut Terms)| {
        let mut terms = terms();
        change(&mut terms);
        Task::new(terms).map(|_| ()).unwrap_err()
    };
    assert_eq!(with(&|t| t.cap = 0), TaskFault::Cap(0));
    assert_eq!(with(&|t| t.least_reports = 1), TaskFault::Least(1));
    assert_eq!(with(&|t| t.rho_millionths.0 = 0), TaskFault::Budget(0));
    assert_eq!(
        with(&|t| t.rho_millionths.0 = 10_000_001),
        TaskFault::Budget(10_000_001)
    );
    assert_eq!(with(&|t| t.late_days = 93), TaskFault::Late(93));
    assert_eq!(with(&|t| t.helper_key = t.leader_key), TaskFault::SameKey);
    assert_eq!(with(&|t| t.partner.clear()), TaskFault::Partner);
    let many = (0..100).map(|n| format!("name{n}")).collect::<Vec<_>>();
    assert_eq!(
        with(&|t| (t.interface, t.initiation_surface) = (many.clone(), many[..40].to_vec())),
        TaskFault::Length(100 * 40 * 2 * 2 * 2)
    );
}

#[test]
fn a_folder_has_one_process_one_role_its_own_key_and_one_task_for_each_partner() {
    let world = World::of(terms());
    let path = world.folder.path();
    let book = |name: &str, role| Book::open(&path.join(name), role);
    let locked = book("leader", Role::Leader).map(|_| ()).unwrap_err();
    assert!(matches!(locked, Error::Locked(_)), "{locked}");
    let mut other = terms();
    other.rho_millionths.0 /= 2;
    let other = Task::new(other).unwrap();
    let folder = world.folder;
    drop((world.leader, world.helper));
    let path = folder.path();
    let format = Book::open(&path.join("leader"), Role::Helper).map(|_| ()).unwrap_err();
    assert!(matches!(format, Error::Format(_)), "{format}");
    let open = |tasks, key: &[u8; 32]| {
        let book = Book::open(&path.join("leader"), Role::Leader).unwrap();
        let key = PrivateKey::from_seed(key);
        Leader::open(book, tasks, key, &crate::made::secret(), Counting::from(3)).map(|_| ())
    };
    assert_eq!(open(vec![task()], &HELPER), Err(Error::WrongKey("leader")));
    // Other terms would be a new budget for people who were counted already.
    let partner = || Err(Error::OtherTask("marquee".to_owned()));
    assert_eq!(open(vec![other.clone()], &LEADER), partner());
    assert_eq!(open(vec![task(), other], &LEADER), partner());
    assert_eq!(open(vec![task()], &LEADER), Ok(()));
    let book = Book::open(&path.join("helper"), Role::Helper).unwrap();
    let helper = Helper::open(
        book,
        vec![],
        PrivateKey::from_seed(&HELPER),
        &crate::made::secret(),
        Counting::from(4),
    );
    assert!(helper.is_ok());
}

#[test]
fn jobs_come_in_order_and_bytes_that_are_no_message_are_refused() {
    let mut world = World::of(terms());
    let reports = reports(&world.task, 10);
    world.leader.accept(&reports, after()).unwrap();
    let request = world.leader.next_job().unwrap().unwrap();
    let with = |number| aggregate::JobRequest {
        number,
        ..request.clone()
    };
    let order = |last, found| Err(Error::OutOfOrder { last, found });
    assert_eq!(world.helper.job(&with(2), after()), order(0, 2));
    assert_eq!(
        world.helper.job(&with(0), after()),
        Err(Error::OtherJob(0)).or(order(0, 0))
    );
    let answer = world.helper.job(&request, after()).unwrap();
    assert_eq!(world.helper.job(&request, after()).unwrap(), answer);
    let mut other = request.clone();
    other.reports.pop();
    assert_eq!(world.helper.job(&other, after()), Err(Error::OtherJob(1)));
    assert_eq!(world.helper.job(&with(3), after()), order(1, 3));
    let mut many = with(2);
    many.reports = vec![request.reports[0].clone(); aggregate::JOB + 1];
    assert!(matches!(world.helper.job(&many, after()), Err(Error::TooMany { .. })));
    let mut short = answer.clone();
    short.outcomes.pop();
    assert!(matches!(world.leader.job_done(&short), Err(Error::Malformed(_))));
    assert_eq!(world.leader.job_done(&answer), Err(Error::NoJob));
    world.leader.next_job().unwrap();
    world.leader.job_done(&answer).unwrap();

    let bytes = encode(&request);
    assert_eq!(decode::<aggregate::JobRequest>(&bytes), Ok(request));
    let malformed = |bytes: &[u8]| matches!(decode::<aggregate::JobRequest>(bytes), Err(Error::Malformed(_)));
    assert!(malformed(&bytes[..bytes.len() - 1]));
    assert!(malformed(&[bytes.as_slice(), &[0]].concat()));
    assert!(malformed(b""));
}
