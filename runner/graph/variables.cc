#include "runner/graph/variables.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

constexpr std::array<std::string_view, 10> kProxies = {"HTTP_PROXY",
                                                       "http_proxy",
                                                       "HTTPS_PROXY",
                                                       "https_proxy",
                                                       "FTP_PROXY",
                                                       "ftp_proxy",
                                                       "NO_PROXY",
                                                       "no_proxy",
                                                       "ALL_PROXY",
                                                       "all_proxy"};

} // namespace

bool is_proxy_argument(std::string_view name)
{
    return std::find(kProxies.begin(), kProxies.end(), name) != kProxies.end();
}

BuildArgs::BuildArgs(const std::map<std::string, std::string>& given)
    : given_(given)
{
    const ImageConfig host = scratch_config();
    const std::string platform =
        host.os + "/" + host.architecture + (host.variant.empty() ? "" : "/" + host.variant);
    for (const char* side : {"TARGET", "BUILD"}) {
        globals_[std::string(side) + "PLATFORM"] = platform;
        globals_[std::string(side) + "OS"] = host.os;
        globals_[std::string(side) + "ARCH"] = host.architecture;
        globals_[std::string(side) + "VARIANT"] = host.variant;
    }
}

void BuildArgs::declare_global(const Arg& arg, char escape)
{
    const Lookup lookup = [this](std::string_view name) { return global(name); };
    for (const auto& [name, value] : arg.values) {
        if (const auto given = given_.find(name); given != given_.end()) {
            globals_[name] = given->second;
            used_.insert(name);
        } else if (value) {
            globals_[name] = expand(*value, lookup, escape);
        }
    }
}

std::optional<std::string> BuildArgs::global(std::string_view name) const
{
    const auto found = globals_.find(name);
    return found == globals_.end() ? std::nullopt : std::optional(found->second);
}

BuildArgs::Scope BuildArgs::new_scope()
{
    return Scope(*this);
}

std::vector<std::string> BuildArgs::unused() const
{
    std::vector<std::string> names;
    for (const auto& [name, value] : given_)
        if (!used_.contains(name) && !is_proxy_argument(name)) names.push_back(name);
    return names;
}

BuildArgs::Scope::Scope(BuildArgs& args)
    : args_(&args)
{
    for (const auto& [name, value] : args.given_)
        if (is_proxy_argument(name)) set(name, value);
}

void BuildArgs::Scope::declare(const Arg& arg, const Lookup& lookup, char escape)
{
    for (const auto& [name, value] : arg.values) {
        if (const auto given = args_->given_.find(name); given != args_->given_.end()) {
            set(name, given->second);
            args_->used_.insert(name);
        } else if (value) {
            set(name, expand(*value, lookup, escape));
        } else if (const auto inherited = args_->global(name)) {
            set(name, *inherited);
        }
    }
}

std::optional<std::string> BuildArgs::Scope::find(std::string_view name) const
{
    for (const auto& [known, value] : values_)
        if (known == name) return value;
    return std::nullopt;
}

void BuildArgs::Scope::set(const std::string& name, const std::string& value)
{
    for (auto& [known, old] : values_)
        if (known == name) {
            old = value;
            return;
        }
    values_.emplace_back(name, value);
}

} // namespace caisson::runner
