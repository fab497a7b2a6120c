#include "runner/request.hh"

#include "sandbox/base/error.hh"

#include <charconv>
#include <cmath>

namespace caisson::runner {
namespace {

bool parse_bool(const std::string& key, const std::string& value)
{
    if (value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    throw Error(ErrorKind::kUsage,
                "output option " + key + "=" + value + " is neither true nor false");
}

OutputRequest::Type parse_type(const std::string& value)
{
    if (value == "oci") return OutputRequest::Type::kOci;
    if (value == "tar") return OutputRequest::Type::kTar;
    if (value == "local") return OutputRequest::Type::kLocal;
    const bool later = value == "docker" || value == "registry" || value == "image";
    throw Error(ErrorKind::kUsage,
                "output type \"" + value + "\" is " + (later ? "not supported yet" : "unknown"),
                "oci, tar and local are");
}

} // namespace

OutputRequest parse_output(const std::string& text)
{
    OutputRequest output;
    bool typed = false;
    if (text.find('=') == std::string::npos) { // docker's short form: a directory
        output.type = OutputRequest::Type::kLocal;
        output.destination = text;
        return output;
    }
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string part = text.substr(at, end - at);
        const std::size_t equals = part.find('=');
        const std::string key = part.substr(0, equals);
        if (equals == std::string::npos)
            throw Error(ErrorKind::kUsage, "output option \"" + part + "\" is not key=value");
        const std::string value = part.substr(equals + 1);
        if (key == "type") {
            output.type = parse_type(value);
            typed = true;
        } else if (key == "dest") {
            output.destination = value;
        } else if (key == "tar") {
            output.tar = parse_bool(key, value);
        } else {
            throw Error(ErrorKind::kUsage,
                        "output option \"" + key + "\" is not supported",
                        "type, dest and tar are");
        }
        at = end + 1;
    }
    if (!typed)
        throw Error(ErrorKind::kUsage,
                    "output \"" + text + "\" has no type",
                    "as in type=oci,dest=image.tar");
    if (output.destination.empty())
        throw Error(ErrorKind::kUsage,
                    "output \"" + text + "\" has no dest",
                    "as in type=oci,dest=image.tar");
    return output;
}

BindRequest parse_bind(const std::string& text)
{
    const auto refuse = [&](const std::string& why) {
        throw Error(
            ErrorKind::kUsage, "--bind \"" + text + "\": " + why, "as in --bind ./src:/src:rw");
    };
    BindRequest bind;
    std::string rest = text;
    if (rest.ends_with(":rw") || rest.ends_with(":ro")) {
        bind.writable = rest.ends_with(":rw");
        rest.erase(rest.size() - 3);
    }
    const std::size_t colon = rest.rfind(":/");
    if (colon == std::string::npos || colon == 0)
        refuse("not SRC:DST with an absolute destination");
    bind.source = rest.substr(0, colon);
    if (rest.find(':', colon + 1) != std::string::npos)
        refuse("a destination holds no colon; the options are :ro and :rw");
    std::filesystem::path destination =
        std::filesystem::path(rest.substr(colon + 1)).lexically_normal();
    if (!destination.has_filename()) destination = destination.parent_path();
    bind.destination = destination.native();
    const std::string top = destination.begin() == destination.end()
                                ? std::string()
                                : std::next(destination.begin())->native();
    if (destination == "/") refuse("the destination is the root itself: --rootfs is for that");
    if (top == "dev" || top == "proc") refuse("/" + top + " is the cell's own");
    return bind;
}

std::chrono::milliseconds parse_duration(const std::string& text)
{
    static const std::map<std::string, double> kUnits = {
        {"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    constexpr double kMost = 1e12; // milliseconds: thirty years
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto unit = kUnits.find(text.substr(end));
    double amount = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + end, amount);
    const bool number = failure == std::errc() && stop == text.data() + end;
    if (!number || unit == kUnits.end() || amount * unit->second < 1 ||
        amount * unit->second > kMost)
        throw Error(ErrorKind::kUsage,
                    "\"" + text + "\" is no time",
                    "as in 90, 1.5, 500ms, 90s, 5m or 2h");
    return std::chrono::milliseconds(std::llround(amount * unit->second));
}

} // namespace caisson::runner
