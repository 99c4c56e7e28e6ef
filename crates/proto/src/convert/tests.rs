//! Claims about the conversions.

mod round_trip;
mod strategies;
mod wrong;
