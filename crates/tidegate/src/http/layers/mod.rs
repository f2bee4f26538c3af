//! What wraps every handler: observation of requests, what browsers may do, and how refusals end.

pub(super) mod cors;
pub(super) mod linger;
pub(super) mod observe;
