//! What wraps every handler: observation of requests, and what browsers may do.

pub(super) mod cors;
pub(super) mod observe;
