//! BMCs of many machines: the server asks one at a time, everybody waits meanwhile, and it goes on for a client that has given
//! up. So the client asks for one at a time too.

use mrp_test_support::{Lab, TestLab};
use serde_json::{Value, json};

use crate::start_lab;

/// A lab with this number of machines of alice's that are on, and their names.
fn start_lab_with_machines(count: usize) -> (TestLab, Vec<String>) {
    let lab = start_lab();
    let names: Vec<String> = (0..count).map(|number| format!("slow-{number}")).collect();
    for name in &names {
        lab.add_machine(json!({ "name": name, "assignee": "alice" }));
    }
    (lab, names)
}

/// The requests under way that begin with this method and end with this path.
fn open_requests(lab: &Lab, path_end: &str) -> usize {
    let requests = lab.requests().into_iter();
    let open =
        requests.filter(|request| request.status.is_none() && request.path.ends_with(path_end));
    open.count()
}

/// The most requests to BMCs that were under way at the same time during a run of a module, and its result.
fn most_open(lab: &TestLab, module: &str, options: &Value) -> (usize, Value) {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| lab.run(module, options.clone()));
        let mut most = 0;
        while !run.is_finished() {
            most = most.max(open_requests(lab, "/power") + open_requests(lab, "/state"));
        }
        (most, run.join().unwrap())
    })
}

#[test]
fn power_of_many_machines_is_asked_one_at_a_time() {
    let (lab, names) = start_lab_with_machines(8);
    lab.settings(json!({ "bmc_seconds": 0.05 }));
    let machines: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let switched = json!({ "machines": machines, "state": "on", "wait_interval": 0.01 });
    let listed = json!({ "names": names, "gather": ["power"] });
    for (module, options) in [("mrp_power", &switched), ("mrp_machine_info", &listed)] {
        let (most, result) = most_open(&lab, module, options);
        assert_eq!(result.get("failed"), None, "{result:#}");
        assert_eq!(most, 1, "{module}");
    }
}

#[test]
fn other_requests_are_sent_while_a_bmc_is_asked() {
    let (lab, names) = start_lab_with_machines(8);
    for id in 9..=16 {
        lab.fault(
            json!({ "path": format!("/api/v1/machine/{id}/power"), "stall": true, "times": 0 }),
        );
    }
    let options =
        json!({ "names": names, "gather": ["state", "power"], "retries": 0, "timeout": 3 });
    std::thread::scope(|scope| {
        let run = scope.spawn(|| lab.run("mrp_machine_info", options));
        lab.wait_until("a BMC is asked, and all states were read", |lab| {
            let requests = lab.requests();
            let states = requests
                .iter()
                .filter(|request| request.path.ends_with("/state") && request.status == Some(200));
            states.count() == 8 && open_requests(lab, "/power") == 1
        });
        run.join().unwrap()
    });
}
