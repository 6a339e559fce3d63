//! Pages without a token: the index, the API's documentation, and the redirect to the user interface.

use crate::call::Call;
use crate::lab_state::LabState;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;

pub(crate) fn root(_: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    Ok(Reply::redirect(302, "/admin/", &call.host()))
}

pub(crate) fn index(_: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    Ok(Reply::redirect(302, "/api/v1/docs", &call.host()))
}

pub(crate) fn page(_: &mut LabState, _: &Call, _: &Args<'_>) -> HandlerResult {
    Ok(Reply::text(
        200,
        "<!DOCTYPE html>\n<title>Mr. Provisioner API</title>\n",
    ))
}

/// The files of the user interface and the API's documentation, which the lab does not have.
pub(crate) fn file(_: &mut LabState, _: &Call, _: &Args<'_>) -> HandlerResult {
    Err(Reply::not_found())
}

pub(crate) fn swagger(_: &mut LabState, _: &Call, _: &Args<'_>) -> HandlerResult {
    Ok(Reply::new(
        200,
        "application/x-yaml",
        "swagger: \"2.0\"\ninfo:\n  title: Mr. Provisioner API\n  version: \"1\"\npaths: {}\n",
    ))
}
