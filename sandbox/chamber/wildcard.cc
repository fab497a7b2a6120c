#include "sandbox/chamber/wildcard.hh"

#include "sandbox/base/error.hh"
#include "sandbox/sys/path.hh"

#include <cstdint>

namespace caisson::sandbox {
namespace {

constexpr std::uint32_t kNoText = 0x110000; // above Unicode: such a byte only equals itself

/// A character and the bytes it takes; what is no UTF-8 is one byte, with a value of its own.
struct Character {
    std::uint32_t value = 0;
    std::size_t size = 1;
};

Character first_character(std::string_view text)
{
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
    if (size == 1 || text.size() < size) return {kNoText + lead, 1};
    std::uint32_t value = lead & (0xffU >> (size + 1));
    for (std::size_t index = 1; index < size; ++index) {
        const auto next = static_cast<unsigned char>(text[index]);
        if ((next & 0xc0U) != 0x80) return {kNoText + lead, 1};
        value = value << 6U | (next & 0x3fU);
    }
    return {value, size};
}

/// Reads a pattern from the left.
class Pattern {
public:
    explicit Pattern(std::string_view whole)
        : whole_(whole)
        , left_(whole)
    {}

    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] char front() const { return left_.front(); }
    [[nodiscard]] std::string_view left() const { return left_; }
    void skip(std::size_t count) { left_.remove_prefix(count); }

    /// The next character, an escape taken for what it stands for.
    Character literal()
    {
        if (!empty() && front() == '\\') skip(1);
        if (empty()) fail();
        const Character character = first_character(left_);
        skip(character.size);
        return character;
    }

    /// After `[`: whether the class has `value`; ends after `]`.
    bool take_class(std::uint32_t value)
    {
        const bool negated = !empty() && front() == '^';
        if (negated) skip(1);
        bool found = false;
        int ranges = 0;
        for (;; ++ranges) {
            if (!empty() && front() == ']' && ranges > 0) break;
            const std::uint32_t low = bound();
            std::uint32_t high = low;
            if (!empty() && front() == '-') {
                skip(1);
                high = bound();
            }
            found = found || (low <= value && value <= high);
        }
        skip(1);
        return found != negated;
    }

    [[noreturn]] void fail() const
    {
        throw Error(ErrorKind::kUsage, "malformed pattern " + sys::quoted(whole_));
    }

private:
    std::uint32_t bound()
    {
        if (empty() || front() == '-' || front() == ']') fail();
        const std::uint32_t value = literal().value;
        if (empty()) fail(); // the class is not closed
        return value;
    }

    std::string_view whole_;
    std::string_view left_;
};

/// One step without `*`: takes a character of the name, or says no. A malformed rest fails either
/// way.
bool take_one(Pattern& pattern, std::string_view& name)
{
    const Character character = name.empty() ? Character{} : first_character(name);
    bool same = true;
    if (pattern.front() == '?') {
        pattern.skip(1);
    } else if (pattern.front() == '[') {
        pattern.skip(1);
        same = pattern.take_class(character.value);
    } else {
        same = pattern.literal().value == character.value;
    }
    if (name.empty()) return false;
    name.remove_prefix(character.size);
    return same;
}

} // namespace

bool matches_wildcard(std::string_view pattern_text, std::string_view name)
{
    Pattern pattern(pattern_text);
    // where to go on after a mismatch: one character further than the last `*` took
    std::string_view retry_pattern;
    std::string_view retry_name;
    bool can_retry = false;
    while (!pattern.empty() || !name.empty()) {
        if (!pattern.empty() && pattern.front() == '*') {
            pattern.skip(1);
            retry_pattern = pattern.left();
            retry_name = name;
            can_retry = true;
            continue;
        }
        if (!pattern.empty() && take_one(pattern, name)) continue;
        if (!can_retry || retry_name.empty()) {
            while (!pattern.empty()) { // Go checks the rest of the pattern too
                std::string_view nothing;
                if (pattern.front() == '*')
                    pattern.skip(1);
                else
                    (void)take_one(pattern, nothing);
            }
            return false;
        }
        retry_name.remove_prefix(first_character(retry_name).size);
        name = retry_name;
        pattern = Pattern(retry_pattern);
    }
    return true;
}

bool has_wildcard(std::string_view pattern)
{
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\')
            ++at;
        else if (pattern[at] == '*' || pattern[at] == '?' || pattern[at] == '[')
            return true;
    }
    return false;
}

std::string without_escapes(std::string_view pattern)
{
    std::string name;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
        name += pattern[at];
    }
    return name;
}

} // namespace caisson::sandbox
