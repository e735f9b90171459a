//! Steps of a renewal at which tests kill or stop the process.

#[cfg(feature = "testing")]
pub(crate) use crate::testing::reached;

#[cfg(not(feature = "testing"))]
#[inline]
pub(crate) fn reached(_: &str) {}
