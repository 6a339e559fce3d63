//! Drives a Mr-Provisioner bare-metal provisioning server from Ansible.
