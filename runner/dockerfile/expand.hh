#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// The value of a variable, nothing where it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Expands `$v`, `${v}` and its modifiers, and removes quotes, as the Dockerfile reference says
/// ("Environment replacement"). A bad substitution, or `${v:?message}` of an unset v, is an Error
/// of kind kUsage.
[[nodiscard]] std::string expand(std::string_view text, const Lookup& lookup, char escape);
/// The same, split at unquoted white space after expansion (EXPOSE, VOLUME).
[[nodiscard]] std::vector<std::string>
expand_words(std::string_view text, const Lookup& lookup, char escape);
/// The body of a COPY heredoc: quotes are characters like any other, escapes are still removed
/// (`\$` is how a body spells `$`).
[[nodiscard]] std::string expand_raw(std::string_view text, const Lookup& lookup, char escape);

} // namespace caisson::runner
