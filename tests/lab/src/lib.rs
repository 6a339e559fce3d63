//! A simulated Mr-Provisioner server and its machines.
