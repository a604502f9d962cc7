//! What keeps a key store or trust store from being used.

/// Why a store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is wrong and what to do.
    #[error("{0}")]
    Bad(String),
    /// The file may be good, but this program cannot tell.
    #[error("{0}")]
    NotRead(String),
}
