#pragma once

#include "sandbox/seccomp/tree.hh"

#include <cstdint>
#include <initializer_list>
#include <linux/filter.h>
#include <map>
#include <optional>
#include <vector>

namespace caisson::sandbox {

/// What a program of ours refuses itself and all that it starts: calls by number, each always or
/// where its arguments, of 32 bits all, are such. What is not among them is left to the filters
/// below.
class Refusals {
public:
    void refuse(std::uint32_t number, int error);
    void refuse_where(std::uint32_t number, int error, std::initializer_list<ArgumentTest> tests);

    [[nodiscard]] const std::map<std::uint32_t, std::vector<CallRule>>& calls() const noexcept
    {
        return calls_;
    }

private:
    std::map<std::uint32_t, std::vector<CallRule>> calls_;
};

/// The filter: numbers that are newer than any known answer ENOSYS; calls of the i386 table kill,
/// unless `i386` says what of them is refused.
[[nodiscard]] std::vector<sock_filter> filter_that_refuses(const Refusals& native,
                                                           const std::optional<Refusals>& i386);

} // namespace caisson::sandbox
