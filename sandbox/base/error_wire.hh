#pragma once

#include "sandbox/base/error.hh"

#include <string>
#include <string_view>

namespace caisson {

/// An error as JSON, so that a failure deep in another of our programs prints like a local one.
[[nodiscard]] std::string error_to_json(const Error& error);
/// The error that `text` holds; a text that is none becomes an internal Error quoting it.
[[nodiscard]] Error error_from_json(std::string_view text);

} // namespace caisson
