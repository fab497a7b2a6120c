#pragma once

#include "sandbox/seccomp/filter.hh"

#include <cstdint>
#include <optional>
#include <vector>

namespace caisson::sandbox {

/// Values of an argument's low word: ranges in order, both ends included, apart from each other.
class ArgumentRanges {
public:
    /// Every value.
    ArgumentRanges() = default;

    /// The values for which `test` holds of an argument of which the kernel reads `bits` (16, 32 or
    /// 64); nothing where they are no ranges of the low word.
    [[nodiscard]] static std::optional<ArgumentRanges> of(const ArgumentTest& test, unsigned bits);

    [[nodiscard]] bool contains(std::uint32_t value) const noexcept;
    void keep_only(const ArgumentRanges& other);
    /// All values that are not in these.
    [[nodiscard]] ArgumentRanges others() const;

    struct Range {
        std::uint32_t first = 0;
        std::uint32_t last = UINT32_MAX;
        bool operator==(const Range&) const = default;
    };
    [[nodiscard]] const std::vector<Range>& ranges() const noexcept { return ranges_; }
    bool operator==(const ArgumentRanges&) const = default;

private:
    explicit ArgumentRanges(std::vector<Range> ranges)
        : ranges_(std::move(ranges))
    {}

    std::vector<Range> ranges_ = {Range{}};
};

} // namespace caisson::sandbox
