//! Fitting the space of tastes: a softmax over the whole catalogue, step by step, each number with a pace of its own
//! (Duchi, Hazan, Singer 2011, "Adaptive subgradient methods"). A title's point is one of its own plus those of its genres,
//! people and years, so that a title nobody has mentioned yet has a place too.

use crate::dice::Dice;
use crate::rows::{Rows, add, row};
use crate::taste::{Taste, WIDTH};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeError, linalg::general_mat_mul};

/// Lessons in a step.
const BATCH: usize = 256;
/// How far a step goes.
const PACE: f32 = 0.05;
/// How strongly each number is drawn to zero, for each lesson.
const DRAW: f32 = 1e-4;
/// The share of inputs that is left out of a lesson, so that none is relied upon.
const LEFT_OUT: f32 = 0.4;

/// One context, and what was mentioned next.
pub(crate) struct Lesson {
    pub inputs: Vec<(u32, f32)>,
    pub titles: Vec<u32>,
    pub weight: f32,
}

/// What is to be learnt.
pub(crate) struct Subject<'a> {
    /// How many inputs there are.
    pub inputs: usize,
    /// How many of them are cues.
    pub cues: usize,
    /// What each title is made of.
    pub content: &'a Rows,
    /// How many things titles are made of.
    pub contents: usize,
    /// How popular each title is, as a logarithm.
    pub popular: &'a [f32],
}

/// Numbers, and how much each has moved so far.
struct Moving {
    values: Vec<f32>,
    moved: Vec<f32>,
}

impl Moving {
    fn new(count: usize, dice: &mut Dice) -> Self {
        Self {
            values: (0..count).map(|_| 0.1 * dice.normal()).collect(),
            moved: vec![1e-3; count],
        }
    }

    fn step(&mut self, gradient: &[f32], draw: f32) {
        for ((value, moved), gradient) in self.values.iter_mut().zip(&mut self.moved).zip(gradient) {
            let gradient = gradient + draw * *value;
            *moved += gradient * gradient;
            *value -= PACE * gradient / moved.sqrt();
        }
    }
}

/// Learns, going through all lessons so many times.
pub(crate) fn learn(
    subject: &Subject<'_>,
    lessons: &[Lesson],
    times: u32,
    dice: &mut Dice,
) -> Result<Taste, ShapeError> {
    let titles = subject.popular.len();
    if lessons.is_empty() {
        // Nothing learnt: no title is nearer than another.
        return Ok(Taste {
            enter: vec![0.0; subject.inputs * WIDTH],
            leave: vec![0.0; titles * WIDTH],
            bias: subject.popular.to_vec(),
            cues: subject.cues,
        });
    }
    let mut enter = Moving::new(subject.inputs * WIDTH, dice);
    let mut own = Moving::new(titles * WIDTH, dice);
    let mut shared = Moving::new(subject.contents * WIDTH, dice);
    let mut bias = Moving::new(titles, dice);
    bias.values.copy_from_slice(subject.popular);
    let mut order: Vec<usize> = (0..lessons.len()).collect();
    let mut room = Room::new(subject, titles);
    for _ in 0..times {
        dice.shuffle(&mut order);
        for batch in order.chunks(BATCH) {
            let batch: Vec<&Lesson> = batch.iter().filter_map(|at| lessons.get(*at)).collect();
            room.points(&own.values, &shared.values, subject.content);
            room.batch(&batch, &enter.values, &bias.values, dice)?;
            let draw = DRAW * BATCH as f32;
            enter.step(&room.enter, draw);
            shared.step(&room.shared(subject.content), draw);
            own.step(&room.leave_gradient, draw);
            bias.step(&room.bias, 0.0);
        }
    }
    room.points(&own.values, &shared.values, subject.content);
    Ok(Taste {
        enter: enter.values,
        leave: room.leave,
        bias: bias.values,
        cues: subject.cues,
    })
}

/// What a step needs, kept from step to step.
struct Room {
    titles: usize,
    leave: Vec<f32>,
    leave_gradient: Vec<f32>,
    enter: Vec<f32>,
    bias: Vec<f32>,
    shared: Vec<f32>,
    likely: Vec<f32>,
}

impl Room {
    fn new(subject: &Subject<'_>, titles: usize) -> Self {
        Self {
            titles,
            leave: vec![0.0; titles * WIDTH],
            leave_gradient: vec![0.0; titles * WIDTH],
            enter: vec![0.0; subject.inputs * WIDTH],
            bias: vec![0.0; titles],
            shared: vec![0.0; subject.contents * WIDTH],
            likely: vec![0.0; BATCH * titles],
        }
    }

    /// The points of titles, from their own and what they are made of.
    fn points(&mut self, own: &[f32], shared: &[f32], content: &Rows) {
        self.leave.copy_from_slice(own);
        for (title, point) in self.leave.chunks_exact_mut(WIDTH).enumerate() {
            for (thing, weight) in content.row(title) {
                add(point, weight, row(shared, WIDTH, thing as usize));
            }
        }
    }

    /// The gradients of one step.
    fn batch(&mut self, batch: &[&Lesson], enter: &[f32], bias: &[f32], dice: &mut Dice) -> Result<(), ShapeError> {
        let kept: Vec<Vec<(u32, f32)>> = batch
            .iter()
            .map(|lesson| {
                let inputs = lesson.inputs.iter().filter(|_| dice.unit() >= LEFT_OUT);
                inputs
                    .map(|(input, value)| (*input, value / (1.0 - LEFT_OUT)))
                    .collect()
            })
            .collect();
        let mut points = vec![0.0f32; batch.len() * WIDTH];
        for (point, inputs) in points.chunks_exact_mut(WIDTH).zip(&kept) {
            for (input, value) in inputs {
                add(point, *value, row(enter, WIDTH, *input as usize));
            }
        }
        let points = Array2::from_shape_vec((batch.len(), WIDTH), points)?;
        let leave = ArrayView2::from_shape((self.titles, WIDTH), &self.leave)?;
        let size = batch.len() * self.titles;
        let likely = self.likely.get_mut(..size).unwrap_or_default();
        let mut likely = ArrayViewMut2::from_shape((batch.len(), self.titles), likely)?;
        general_mat_mul(1.0, &points, &leave.t(), 0.0, &mut likely);
        self.bias.fill(0.0);
        for (mut row, lesson) in likely.rows_mut().into_iter().zip(batch) {
            if let Some(row) = row.as_slice_mut() {
                surprise(row, bias, lesson);
                add(&mut self.bias, 1.0, row);
            }
        }
        let mut gradient = ArrayViewMut2::from_shape((self.titles, WIDTH), &mut self.leave_gradient)?;
        general_mat_mul(1.0, &likely.t(), &points, 0.0, &mut gradient);
        let back = likely.dot(&leave);
        self.enter.fill(0.0);
        for (gradient, inputs) in back.rows().into_iter().zip(&kept) {
            let gradient = gradient.as_slice().unwrap_or_default();
            for (input, value) in inputs {
                let start = *input as usize * WIDTH;
                if let Some(place) = self.enter.get_mut(start..start + WIDTH) {
                    add(place, *value, gradient);
                }
            }
        }
        Ok(())
    }

    /// What titles are made of moves with all of them.
    fn shared(&mut self, content: &Rows) -> Vec<f32> {
        self.shared.fill(0.0);
        for (title, gradient) in self.leave_gradient.chunks_exact(WIDTH).enumerate() {
            for (thing, weight) in content.row(title) {
                let start = thing as usize * WIDTH;
                if let Some(place) = self.shared.get_mut(start..start + WIDTH) {
                    add(place, weight, gradient);
                }
            }
        }
        self.shared.clone()
    }
}

/// Turns scores into how much likelier each title was thought than it was, times the lesson's weight.
fn surprise(scores: &mut [f32], bias: &[f32], lesson: &Lesson) {
    let mut most = f32::MIN;
    for (score, bias) in scores.iter_mut().zip(bias) {
        *score += bias;
        most = most.max(*score);
    }
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
        sum += *score;
    }
    let by = lesson.weight / sum;
    scores.iter_mut().for_each(|score| *score *= by);
    let each = lesson.weight / lesson.titles.len().max(1) as f32;
    for title in &lesson.titles {
        if let Some(score) = scores.get_mut(*title as usize) {
            *score -= each;
        }
    }
}
