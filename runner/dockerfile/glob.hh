#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson::runner {

/// A pattern over paths, as Go's filepath.Match has it, and optionally `**` as a .dockerignore has.
class Glob {
public:
    enum class DoubleStar {
        kPlain,   ///< `**` is two `*`
        kAnyDepth ///< `**` crosses '/'
    };
    /// A malformed pattern is an Error of kind kUsage.
    explicit Glob(std::string pattern, DoubleStar double_star);

    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }
    /// The text that every match begins with; all of the pattern where nothing in it is wild.
    [[nodiscard]] std::string_view literal_prefix() const;
    [[nodiscard]] bool is_literal() const noexcept { return kind_ == Kind::kExact; }

private:
    enum class Kind { kExact, kPrefix, kSuffix, kTokens };
    struct Token {
        enum class Kind {
            kText,      ///< these bytes
            kOne,       ///< any character but '/'
            kMany,      ///< any characters but '/'
            kClass,     ///< one of `ranges`, or none of them
            kDirs,      ///< `**/` or `**` before more: nothing, or anything that ends in '/'
            kEverything ///< `**` at the end
        } kind = Kind::kText;
        std::string text;
        bool negated = false;
        std::vector<std::pair<char32_t, char32_t>> ranges;
    };
    class Matcher;

    void compile(DoubleStar double_star);
    void add_text(std::string_view text);
    std::string_view add_class(std::string_view rest);

    std::string pattern_;
    Kind kind_ = Kind::kExact;
    std::vector<Token> tokens_;
};

} // namespace caisson::runner
