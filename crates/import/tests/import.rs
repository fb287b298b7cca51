//! Made-up exports with every pitfall we know of, read to their end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "import/damage.rs"]
mod damage;
#[path = "import/facebook.rs"]
mod facebook;
#[path = "import/kept.rs"]
mod kept;
#[path = "import/redial.rs"]
mod redial;
#[path = "import/zips.rs"]
mod zips;
