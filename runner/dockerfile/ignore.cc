#include "runner/dockerfile/ignore.hh"

#include "runner/dockerfile/glob.hh"
#include "runner/dockerfile/path.hh"
#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Rule {
    Glob glob;
    bool lets_in; ///< begins with '!'
};

/// The path with slashes at its end gone, as a directory may be written.
std::string_view without_slashes(std::string_view path)
{
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path;
}

/// Whether `glob` matches the path or a directory above it.
bool matches_at_any_level(const Glob& glob, std::string_view path)
{
    if (glob.matches(path)) return true;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1))
        if (glob.matches(path.substr(0, slash))) return true;
    return false;
}

/// Whether `glob` can match anything below the directory `path`; when in doubt, yes.
bool may_match_below(const Glob& glob, std::string_view path)
{
    const std::string directory = std::string(path) + "/";
    const std::string_view literal = glob.literal_prefix();
    if (literal.starts_with(directory)) return true;
    return !glob.is_literal() && std::string_view(directory).starts_with(literal);
}

} // namespace

struct IgnoreRules::State {
    std::vector<Rule> rules;
};

IgnoreRules::IgnoreRules()
    : state_(std::make_unique<State>())
{}
IgnoreRules::IgnoreRules(IgnoreRules&&) noexcept = default;
IgnoreRules& IgnoreRules::operator=(IgnoreRules&&) noexcept = default;
IgnoreRules::~IgnoreRules() = default;

IgnoreRules::IgnoreRules(std::string_view text, std::string_view name)
    : IgnoreRules()
{
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('#')) continue;
        line = trim(line);
        if (line.empty()) continue;
        const bool lets_in = line.starts_with('!');
        if (lets_in) line = trim(line.substr(1));
        in_context(std::string(name) + ":" + std::to_string(number), [&] {
            if (line.empty()) throw Error(ErrorKind::kUsage, "\"!\" without a pattern");
            std::string pattern = clean_path(line);
            if (pattern.size() > 1 && pattern.starts_with('/')) pattern.erase(0, 1);
            state_->rules.push_back(
                {Glob(std::move(pattern), Glob::DoubleStar::kAnyDepth), lets_in});
        });
    }
}

bool IgnoreRules::empty() const noexcept
{
    return state_->rules.empty();
}

bool IgnoreRules::ignores(std::string_view path) const
{
    path = without_slashes(path);
    if (path == ".") return false;
    bool ignored = false;
    for (const Rule& rule : state_->rules) // a rule that would change nothing is not asked
        if (rule.lets_in == ignored && matches_at_any_level(rule.glob, path))
            ignored = !rule.lets_in;
    return ignored;
}

bool IgnoreRules::ignores(std::string_view path, const Matches& parent, Matches* own) const
{
    const auto& rules = state_->rules;
    bool ignored = false;
    if (own != nullptr) own->rules.assign(rules.size(), 0);
    for (std::size_t index = 0; index < rules.size(); ++index) {
        const Rule& rule = rules[index];
        const bool inherited = !parent.rules.empty() && parent.rules[index] != 0;
        // for `own` every rule counts: one that changes nothing here may below
        const bool asked = own != nullptr || rule.lets_in == ignored;
        if (!inherited && !(asked && rule.glob.matches(path))) continue;
        ignored = !rule.lets_in;
        if (own != nullptr) own->rules[index] = 1;
    }
    return ignored;
}

bool IgnoreRules::can_skip(std::string_view path) const
{
    path = without_slashes(path);
    return std::none_of(state_->rules.begin(), state_->rules.end(), [&](const Rule& rule) {
        return rule.lets_in && may_match_below(rule.glob, path);
    });
}

bool match_path(std::string_view pattern, std::string_view path)
{
    return Glob(std::string(pattern), Glob::DoubleStar::kPlain).matches(path);
}

} // namespace caisson::runner
