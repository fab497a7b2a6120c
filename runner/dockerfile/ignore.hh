#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// A .dockerignore: Go filepath.Match patterns with `**` and `!`, the last match wins
/// (moby/patternmatcher).
class IgnoreRules {
public:
    IgnoreRules(); ///< ignores nothing
    /// A malformed pattern is an Error of kind kUsage with its line.
    explicit IgnoreRules(std::string_view text, std::string_view name = ".dockerignore");
    IgnoreRules(IgnoreRules&&) noexcept;
    IgnoreRules& operator=(IgnoreRules&&) noexcept;
    ~IgnoreRules();

    [[nodiscard]] bool empty() const noexcept;
    /// Whether a path below the context's root, '/'-separated, is left out, its parents' matches
    /// counted.
    [[nodiscard]] bool ignores(std::string_view path) const;
    /// Whether nothing below the ignored directory `path` can be let in again by a `!` rule.
    [[nodiscard]] bool can_skip(std::string_view path) const;

    /// Which rules match a directory or one of its parents. A walk keeps it for what lies below, so
    /// that no parent is matched again for each file.
    struct Matches {
        std::vector<char> rules; ///< empty: of the root
    };
    /// The same answer as ignores(path), from what matched the directory that holds it. `own`, if
    /// given, receives what matches `path`.
    [[nodiscard]] bool
    ignores(std::string_view path, const Matches& parent, Matches* own = nullptr) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Go's filepath.Match: `*` and `?` stop at '/'. A malformed pattern is an Error of kind kUsage.
[[nodiscard]] bool match_path(std::string_view pattern, std::string_view path);

} // namespace caisson::runner
