// Linked in place of what loads a filter (ld(1), --wrap): a chamber whose cells have every wall but
// this one, to see that a build notices.
#include <cstddef>
#include <linux/filter.h>
#include <span>

namespace caisson {

// base/seccomp.hh's seccomp_set_filter, by the names that --wrap gives it and what stands in for it
void really_load(std::span<const sock_filter> program) asm(
    "__real__ZN7caisson18seccomp_set_filterESt4spanIK11sock_filterLm18446744073709551615EE");
void load_but_in_cells(std::span<const sock_filter> program) asm(
    "__wrap__ZN7caisson18seccomp_set_filterESt4spanIK11sock_filterLm18446744073709551615EE");

void load_but_in_cells(std::span<const sock_filter> program)
{
    constexpr std::size_t kLongestOfOurs = 300; // a policy's is longer
    if (program.size() <= kLongestOfOurs) really_load(program);
}

} // namespace caisson
