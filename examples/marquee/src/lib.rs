//! marquee
