#include "runner/request.hh"

#include "sandbox/base/error.hh"

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

} // namespace caisson::runner
