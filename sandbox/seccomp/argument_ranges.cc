#include "sandbox/seccomp/argument_ranges.hh"

#include <algorithm>

namespace caisson::sandbox {
namespace {

using Compare = ArgumentTest::Compare;
using Ranges = std::vector<ArgumentRanges::Range>;

/// Where a test's value lies, seen from an argument of fewer than 64 bits.
enum class Place { kWithin, kAbove };

/// A value beyond the argument's width is above them all, unless it is a negative number written in
/// 64 bits.
Place narrow(std::uint64_t& value, std::uint64_t most)
{
    const bool negative = (value | most >> 1) == ~0ULL; // its sign fills all that is thrown away
    if (value > most && !negative) return Place::kAbove;
    value &= most;
    return Place::kWithin;
}

/// `first` to `last`, or none where `first` is beyond it.
Ranges from_to(std::uint64_t first, std::uint64_t last)
{
    if (first > last) return {};
    return {{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)}};
}

Ranges all_but(std::uint64_t value, std::uint64_t most)
{
    Ranges ranges = value == 0 ? Ranges{} : from_to(0, value - 1);
    const Ranges above = from_to(value + 1, most);
    ranges.insert(ranges.end(), above.begin(), above.end());
    return ranges;
}

/// The values that share the upper bits of `value`, where the mask is some of the upper bits.
std::optional<Ranges> masked(std::uint64_t value, std::uint64_t mask, std::uint64_t most)
{
    if ((value & ~mask) != 0 || value > most) return Ranges{};
    const std::uint64_t free = ~mask & most;
    if ((free & (free + 1)) != 0) return std::nullopt;
    return from_to(value, value | free);
}

std::optional<Ranges> ranges_of(Compare compare, std::uint64_t value, std::uint64_t most)
{
    const bool above = narrow(value, most) == Place::kAbove;
    switch (compare) {
    case Compare::kEqual:
        return above ? Ranges{} : from_to(value, value);
    case Compare::kNotEqual:
        return above ? from_to(0, most) : all_but(value, most);
    case Compare::kLess:
        return above ? from_to(0, most) : value == 0 ? Ranges{} : from_to(0, value - 1);
    case Compare::kLessOrEqual:
        return from_to(0, above ? most : value);
    case Compare::kGreater:
        return above ? Ranges{} : from_to(value + 1, most);
    case Compare::kGreaterOrEqual:
        return above ? Ranges{} : from_to(value, most);
    case Compare::kMaskedEqual:
    case Compare::kMaskedNotEqual:
        break;
    }
    return std::nullopt;
}

} // namespace

std::optional<ArgumentRanges> ArgumentRanges::of(const ArgumentTest& test, unsigned bits)
{
    const std::uint64_t most = bits == 16 ? UINT16_MAX : UINT32_MAX;
    std::optional<Ranges> ranges;
    if (test.compare == Compare::kMaskedEqual || test.compare == Compare::kMaskedNotEqual) {
        // a mask that keeps to the low word asks nothing of the rest, however wide the argument
        if (bits == 64 && test.mask > most) return std::nullopt;
        ranges = masked(test.value, test.mask, most);
    } else if (bits < 64) {
        ranges = ranges_of(test.compare, test.value, most);
    }
    if (!ranges) return std::nullopt;
    const ArgumentRanges found(std::move(*ranges));
    return test.compare == Compare::kMaskedNotEqual ? found.others() : found;
}

bool ArgumentRanges::contains(std::uint32_t value) const noexcept
{
    return std::any_of(ranges_.begin(), ranges_.end(), [value](const Range& range) {
        return range.first <= value && value <= range.last;
    });
}

void ArgumentRanges::keep_only(const ArgumentRanges& other)
{
    Ranges common;
    for (const Range& mine : ranges_)
        for (const Range& theirs : other.ranges_) {
            const Range both{std::max(mine.first, theirs.first), std::min(mine.last, theirs.last)};
            if (both.first <= both.last) common.push_back(both);
        }
    ranges_ = std::move(common);
}

ArgumentRanges ArgumentRanges::others() const
{
    Ranges gaps;
    std::uint64_t next = 0;
    for (const Range& range : ranges_) {
        const Ranges gap = from_to(next, std::uint64_t{range.first} - 1);
        if (range.first != next) gaps.insert(gaps.end(), gap.begin(), gap.end());
        next = std::uint64_t{range.last} + 1;
    }
    if (next <= UINT32_MAX) gaps.push_back({static_cast<std::uint32_t>(next), UINT32_MAX});
    return ArgumentRanges(std::move(gaps));
}

} // namespace caisson::sandbox
