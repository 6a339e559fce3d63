//! What each verb of images sends and reads.

use mr_provisioner::client::*;

use crate::server::{Server, delete, get, put};
use crate::support::*;

#[test]
fn images_are_listed_read_changed_and_deleted() {
    let (one, list) = (
        image_json(3, "alice/k.1a2b3c4d"),
        format!("[{}]", image_json(3, "alice/k.1a2b3c4d")),
    );
    let missing = r#"{"error_type":"InvalidUsage","errors":["image not found"]}"#;
    let server = Server::start([
        get("/api/v1/image").json(200, &list),
        get("/api/v1/image?show_all=true").json(200, &list),
        get("/api/v1/image/3").json(200, &one),
        get("/api/v1/image/4").json(404, missing),
        put("/api/v1/image/3")
            .header("content-type", "application/json")
            .body(r#"{"description":"ü","public":false}"#)
            .json(200, &one),
        delete("/api/v1/image/3").answer(204, "text/html", ""),
    ]);
    let (client, _) = client(&server);
    let images = client.read_only().images();
    let image = images.list(Scope::Own).unwrap().remove(0);
    assert_eq!(
        (image.id, &image.kind, image.public, image.known_good),
        (ImageId(3), &ImageType::Kernel, true, false)
    );
    assert_eq!(images.list(Scope::Visible).unwrap().first(), Some(&image));
    assert_eq!(images.get(ImageId(3)).unwrap(), image);
    assert_eq!(images.find(ImageId(4)).unwrap(), None);
    let changes = ImageChanges {
        description: Some(Some("ü".to_owned())),
        public: Some(false),
        ..ImageChanges::default()
    };
    client.images().update(ImageId(3), &changes).unwrap();
    client.images().delete(ImageId(3)).unwrap();
    server.finish();
}

#[test]
fn an_image_is_read_back_without_the_token() {
    let image: Image = serde_json::from_str(&image_json(3, "alice/k.1a2b3c4d")).unwrap();
    let step = || {
        get("/mrp/tftp/")
            .without("authorization")
            .header("x-tftp-file", "alice/k.1a2b3c4d")
            .header("x-tftp-ip", "127.0.0.1")
    };
    let server = Server::start([
        step().answer(200, "application/octet-stream", "abc"),
        step().answer(404, "text/html; charset=utf-8", ""),
        step().html(404, "<html>proxy</html>"),
        step().html(200, "<html>login</html>"),
        step().html(500, ""),
    ]);
    let (client, _) = connect(&settings(&format!("{}mrp/", server.url())));
    let made = upload(b"abc");
    let file = ImageFile::open(&made.path).unwrap();
    let holds = |image: &Image| client.images().holds(image, file.digest());
    assert!(holds(&image).unwrap());
    assert!(!holds(&image).unwrap());
    for _ in 0..3 {
        holds(&image).unwrap_err();
    }
    let nameless = Image {
        name: None,
        ..image
    };
    assert!(!holds(&nameless).unwrap());
    server.finish();
}

#[test]
fn an_image_that_never_ends_is_not_read_to_its_end() {
    let image: Image = serde_json::from_str(&image_json(3, "alice/k.1a2b3c4d")).unwrap();
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\nabcabc";
    let server = Server::start([get("/tftp/").raw(begin.into())]);
    let made = upload(b"abc");
    let file = ImageFile::open(&made.path).unwrap();
    // A client that reads beyond the expected size gets no more bytes, and fails at the short timeout.
    let (client, _) = client_with_short_timeout(&server);
    assert!(!client.images().holds(&image, file.digest()).unwrap());
    server.finish();
}
