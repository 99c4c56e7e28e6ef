//! Conversions between the wire and the model.
