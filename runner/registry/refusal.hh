#pragma once

#include "runner/transport/http.hh"

namespace caisson::runner {

/// Throws what a response that is none of the expected ones means, as an Error of kind kInput: the
/// registry's own words (distribution-spec "Error Codes"), and what can be done.
[[noreturn]] void refuse(const HttpResponse& response, bool with_login);

} // namespace caisson::runner
