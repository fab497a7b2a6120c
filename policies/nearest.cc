#include "policies/nearest.hh"

#include <algorithm>
#include <numeric>
#include <vector>

namespace caisson::policies {
namespace {

/// How many keystrokes turn one word into the other (Levenshtein), in memory of one row.
std::size_t edit_distance(std::string_view from, std::string_view to)
{
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::string suggest(std::string_view word, std::span<const std::string_view> choices)
{
    constexpr std::size_t kLongest = 64; // a longer word is no slip of a key
    if (word.size() > kLongest) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(word.size() / 3, 1) + 1;
    for (const std::string_view choice : choices) {
        const std::size_t distance = edit_distance(word, choice);
        if (distance >= least) continue;
        least = distance;
        best = choice;
    }
    return best.empty() ? std::string{} : "did you mean \"" + std::string(best) + "\"?";
}

} // namespace caisson::policies
