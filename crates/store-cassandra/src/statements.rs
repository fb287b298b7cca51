//! How each part of the schema declares its statements.

/// Declares statements, each with its kind and its text, and how to prepare them all.
macro_rules! statements {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ident $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $(pub(crate) $field: scylla::statement::prepared::PreparedStatement,)*
        }

        impl $name {
            /// Prepares them on the cluster.
            pub(crate) async fn prepare(cluster: &crate::cluster::Cluster) -> Result<Self, store::StoreError> {
                let ($($field,)*) = tokio::try_join!($(cluster.prepare(crate::cluster::Kind::$kind, $text)),*)?;
                Ok(Self { $($field,)* })
            }
        }
    };
}
pub(crate) use statements;
