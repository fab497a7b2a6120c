#include "runner/dockerfile/healthcheck.hh"

#include "runner/dockerfile/flags.hh"
#include "runner/dockerfile/utf8.hh"

#include <array>
#include <charconv>
#include <limits>

namespace caisson::runner {
namespace {

struct Unit {
    std::string_view name;
    long long nanoseconds;
};
/// Longer names first, so that "ms" is not read as "m".
constexpr std::array kUnits = {Unit{"ns", 1},
                               Unit{"us", 1'000},
                               Unit{"\u00B5s", 1'000},
                               Unit{"\u03BCs", 1'000},
                               Unit{"ms", 1'000'000},
                               Unit{"s", 1'000'000'000},
                               Unit{"m", 60'000'000'000},
                               Unit{"h", 3'600'000'000'000}};
/// The engine's container.MinimumDuration.
constexpr long long kShortest = 1'000'000;

/// A number as Go's time.ParseDuration has it: digits, maybe with a fraction.
struct Number {
    long long whole = 0;
    long double fraction = 0;
};

std::optional<Number> take_number(std::string_view& text)
{
    Number number;
    bool digits = false;
    const auto digit = [&] {
        return !text.empty() && is_digit(static_cast<unsigned char>(text[0]));
    };
    for (; digit(); text.remove_prefix(1)) {
        if (number.whole > std::numeric_limits<long long>::max() / 10 - 1) return std::nullopt;
        number.whole = number.whole * 10 + (text.front() - '0');
        digits = true;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        for (long double place = 0.1L; digit(); text.remove_prefix(1), place /= 10) {
            number.fraction += place * static_cast<long double>(text.front() - '0');
            digits = true;
        }
    }
    return digits ? std::optional(number) : std::nullopt;
}

std::optional<long long> take_unit(std::string_view& text)
{
    for (const Unit& unit : kUnits)
        if (text.starts_with(unit.name)) {
            text.remove_prefix(unit.name.size());
            return unit.nanoseconds;
        }
    return std::nullopt;
}

long long duration_option(Flags& flags, std::string_view name, const Place& place)
{
    const std::string text = flags.take(name);
    if (text.empty()) return 0;
    const std::string title = "HEALTHCHECK --" + std::string(name);
    const std::string token = "--" + std::string(name);
    const auto duration = parse_duration(text);
    if (!duration)
        place.fail(
            title + ": \"" + text + "\" is not a duration", token, "write 30s, 1m30s or 500ms");
    if (*duration != 0 && *duration < kShortest) place.fail(title + " is below 1ms", token);
    return *duration;
}

int retries_option(Flags& flags, const Place& place)
{
    const std::string text = flags.take("retries");
    if (text.empty()) return 0;
    int retries = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, retries);
    if (error != std::errc{} || stop != end || retries < 0)
        place.fail("HEALTHCHECK --retries: \"" + text + "\" is not a count", "--retries");
    return retries;
}

} // namespace

std::optional<long long> parse_duration(std::string_view text)
{
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return 0;
    if (text.empty()) return std::nullopt;
    long double total = 0;
    while (!text.empty()) {
        const auto number = take_number(text);
        const auto unit = number ? take_unit(text) : std::nullopt;
        if (!unit) return std::nullopt;
        total += (static_cast<long double>(number->whole) + number->fraction) *
                 static_cast<long double>(*unit);
    }
    // a long double holds every 63-bit integer exactly
    if (total >= 9'223'372'036'854'775'807.0L) return std::nullopt;
    const auto nanoseconds = static_cast<long long>(total);
    return negative ? -nanoseconds : nanoseconds;
}

Healthcheck make_healthcheck(const SyntaxNode& node, const Place& place)
{
    if (node.words.empty()) place.fail("HEALTHCHECK needs CMD or NONE");
    Flags flags(node, place);
    Healthcheck result;
    const std::string kind = to_upper(node.words.front());
    if (kind == "NONE") {
        flags.finish();
        if (node.words.size() > 1) place.fail("HEALTHCHECK NONE takes no arguments", node.words[1]);
        result.test = {"NONE"};
        return result;
    }
    result.interval = duration_option(flags, "interval", place);
    result.timeout = duration_option(flags, "timeout", place);
    result.start_period = duration_option(flags, "start-period", place);
    result.start_interval = duration_option(flags, "start-interval", place);
    result.retries = retries_option(flags, place);
    flags.finish();
    if (kind != "CMD")
        place.fail(
            "unknown HEALTHCHECK " + node.words.front(), node.words.front(), "write CMD or NONE");
    if (node.words.size() < 2) place.fail("HEALTHCHECK CMD needs a command", node.words.front());
    result.test = {node.json ? "CMD" : "CMD-SHELL"};
    result.test.insert(result.test.end(), node.words.begin() + 1, node.words.end());
    return result;
}

} // namespace caisson::runner
