// The first line is a path, the rest a .dockerignore: both ways to ask have to agree, and a
// directory that may be skipped holds nothing that would have been let in.
#include "runner/dockerfile/ignore.hh"

#include "runner/dockerfile/path.hh"
#include "sandbox/base/error.hh"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace caisson;

void compare(const runner::IgnoreRules& rules, const std::string& path)
{
    runner::IgnoreRules::Matches parent;
    bool skipped = false;
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
        const std::string_view part = std::string_view(path).substr(0, end);
        runner::IgnoreRules::Matches own;
        const bool ignored = rules.ignores(part, parent, &own);
        if (ignored != rules.ignores(part) || ignored != rules.ignores(part, parent)) std::abort();
        if (skipped && !ignored) std::abort();
        skipped = skipped || (ignored && rules.can_skip(part));
        if (end == std::string::npos) return;
        parent = std::move(own);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string path = runner::clean_path(text.substr(0, std::min<std::size_t>(end, 255)));
    if (path.starts_with('/')) path.erase(0, 1);
    if (path.empty() || path == "." || path.starts_with("..")) path = "a/b/c";
    try {
        const std::string_view patterns = text.substr(std::min(end + 1, text.size()));
        compare(runner::IgnoreRules(patterns), path);
        (void)runner::match_path(patterns, path);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::kUsage) std::abort();
    }
    return 0;
}
