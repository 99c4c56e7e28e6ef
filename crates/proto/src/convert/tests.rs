//! Claims about the conversions.
