//! `ansible-doc -l` on the folder of the modules.

use mrp_test_support::ansible::with_each_ansible;

#[test]
fn listing_the_modules_of_the_library_warns_of_nothing() {
    with_each_ansible(|ansible| {
        let mut command = ansible.command("ansible-doc");
        command.args(["-M", "library", "-t", "module", "-l"]);
        let run = ansible.run(&mut command);
        run.succeeded();
        assert!(!run.output.contains("WARNING"), "{}", run.output);
    });
}
