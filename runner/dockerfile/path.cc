#include "runner/dockerfile/path.hh"

#include <algorithm>

namespace caisson::runner {

std::string clean_path(std::string_view path)
{
    const bool rooted = path.starts_with('/');
    std::string result;
    std::size_t kept_parents = 0; // bytes of the leading "../.." that nothing can cancel
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (part.empty() || part == ".") continue;
        const bool up = part == "..";
        if (up && result.size() > kept_parents) {
            const std::size_t slash = result.rfind('/');
            result.resize(slash == std::string::npos ? 0 : std::max(slash, kept_parents));
            continue;
        }
        if (up && rooted) continue; // there is nothing above the root
        if (!result.empty()) result += '/';
        result += part;
        if (up) kept_parents = result.size();
    }
    if (rooted) return "/" + result;
    return result.empty() ? "." : result;
}

} // namespace caisson::runner
