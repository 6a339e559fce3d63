//! The handles of the resources, which borrow a client and carry its access.

/// Declares the handle of one resource.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<'a, Access> {
            pub(crate) pipeline: &'a $crate::client::http::Pipeline,
            access: std::marker::PhantomData<Access>,
        }

        impl<'a, Access> $name<'a, Access> {
            pub(crate) fn new(pipeline: &'a $crate::client::http::Pipeline) -> Self {
                $name { pipeline, access: std::marker::PhantomData }
            }
        }

        impl<Access> std::fmt::Debug for $name<'_, Access> {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(stringify!($name))
            }
        }
    };
}

pub(crate) use handle;
