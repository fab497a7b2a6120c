#include "sandbox/seccomp/tree.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <set>

namespace caisson::sandbox {
namespace {

constexpr unsigned kArguments = 6;

/// A rule on its way down the tree: what was decided above is gone from it.
struct OpenRule {
    std::uint32_t action = 0;
    std::array<std::optional<ArgumentRanges>, kArguments> ranges;
    std::vector<WordTest> words;
};
using OpenRules = std::vector<OpenRule>;

bool holds_always(const OpenRule& rule)
{
    const auto is_open = [](const auto& range) { return range.has_value(); };
    return rule.words.empty() && std::none_of(rule.ranges.begin(), rule.ranges.end(), is_open);
}

bool holds_never(const OpenRule& rule)
{
    const auto is_empty = [](const auto& range) { return range && range->ranges().empty(); };
    return std::any_of(rule.ranges.begin(), rule.ranges.end(), is_empty);
}

OpenRule open_rule(const CallRule& rule)
{
    OpenRule open{.action = rule.action};
    for (const WordTest& word : rule.tests) {
        auto ranges = ArgumentRanges::of(word.test, word.bits);
        if (!ranges) {
            open.words.push_back(word);
            continue;
        }
        auto& known = open.ranges.at(word.test.index);
        if (known) ranges->keep_only(*known);
        known = std::move(ranges);
    }
    return open;
}

/// The decision's rules, of which the last may hold always: none behind it is ever asked.
OpenRules without_the_unreachable(OpenRules rules)
{
    std::erase_if(rules, holds_never);
    const auto last = std::find_if(rules.begin(), rules.end(), holds_always);
    if (last != rules.end()) rules.erase(last + 1, rules.end());
    return rules;
}

/// An argument of which every rule that has tests at all has a range.
std::optional<unsigned> common_argument(const OpenRules& rules)
{
    for (unsigned index = 0; index < kArguments; ++index)
        if (std::all_of(rules.begin(), rules.end(), [index](const OpenRule& rule) {
                return rule.ranges.at(index) || holds_always(rule);
            }))
            return index;
    return std::nullopt;
}

class Decision {
public:
    Decision(const std::vector<CallRule>& rules, std::uint32_t otherwise)
        : otherwise_(otherwise)
    {
        bits_.fill(64);
        for (const CallRule& rule : rules)
            for (const WordTest& word : rule.tests)
                bits_.at(word.test.index) = word.bits;
    }

    [[nodiscard]] Code decide(OpenRules candidates) const
    {
        const OpenRules rules = without_the_unreachable(std::move(candidates));
        if (rules.empty()) return return_code(otherwise_);
        if (holds_always(rules.front())) return return_code(rules.front().action);
        if (const auto index = common_argument(rules)) return decide_by(*index, rules);
        return decide_in_line(rules);
    }

private:
    [[nodiscard]] Code decide_by(unsigned index, const OpenRules& rules) const
    {
        // where some rule begins or ceases to hold
        std::set<std::uint32_t> edges = {0};
        for (const OpenRule& rule : rules) {
            if (!rule.ranges.at(index)) continue;
            for (const ArgumentRanges::Range& range : rule.ranges.at(index)->ranges()) {
                edges.insert(range.first);
                if (range.last != UINT32_MAX) edges.insert(range.last + 1);
            }
        }
        std::vector<Span> spans;
        for (const std::uint32_t edge : edges)
            spans.push_back({edge, decide(holding_at(index, edge, rules))});
        return load_argument(index, bits_.at(index), branch_on_value(std::move(spans)));
    }

    static OpenRules holding_at(unsigned index, std::uint32_t value, const OpenRules& rules)
    {
        OpenRules holding;
        for (const OpenRule& rule : rules) {
            const auto& range = rule.ranges.at(index);
            if (range && !range->contains(value)) continue;
            holding.push_back(rule);
            holding.back().ranges.at(index).reset();
        }
        return holding;
    }

    [[nodiscard]] Code decide_in_line(const OpenRules& rules) const
    {
        const OpenRule& first = rules.front();
        TestLine line;
        for (unsigned index = 0; index < kArguments; ++index)
            if (const auto& ranges = first.ranges.at(index))
                line.add(index, bits_.at(index), *ranges);
        for (const WordTest& word : first.words)
            line.add(word);
        return line.code(return_code(first.action), decide({rules.begin() + 1, rules.end()}));
    }

    std::uint32_t otherwise_;
    std::array<unsigned, kArguments> bits_ = {};
};

} // namespace

Code decide_call(const std::vector<CallRule>& rules, std::uint32_t otherwise)
{
    if (rules.size() > BPF_MAXINSNS / 2)
        throw Error(ErrorKind::kUsage, "a call has too many rules");
    OpenRules open;
    for (const CallRule& rule : rules)
        open.push_back(open_rule(rule));
    return Decision(rules, otherwise).decide(std::move(open));
}

} // namespace caisson::sandbox
