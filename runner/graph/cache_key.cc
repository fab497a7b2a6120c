#include "runner/graph/cache_key.hh"

#include "sandbox/plan_json.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

// Raised whenever the bytes that an operation leaves change without its inputs changing.
constexpr int kKeyVersion = 1;

/// Words of a Dockerfile may be any bytes; JSON may not. Two different words never give the same
/// text.
std::string escaped(std::string_view bytes)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        if (value >= 0x20 && value < 0x7f && byte != '%') {
            text += byte;
        } else {
            text += '%';
            text += kDigits[value >> 4U];
            text += kDigits[value & 0xfU];
        }
    }
    return text;
}

struct Describe {
    nlohmann::json operator()(const BaseOp& op) const
    {
        return {{"op", "base"}, {"scratch", op.image == "scratch"}};
    }
    nlohmann::json operator()(const RunOp& op) const
    {
        return {{"op", "run"}, {"plan", attest::Digest::of(plan_document(op.plan)).text()}};
    }
    nlohmann::json operator()(const CopyOp& op) const
    {
        nlohmann::json sources = nlohmann::json::array();
        if (op.from_node)
            for (const std::string& source : op.sources)
                sources.push_back(escaped(source));
        nlohmann::json files = nlohmann::json::array();
        for (const auto& [name, content] : op.inline_files)
            files.push_back(
                {{"name", escaped(name)}, {"content", attest::Digest::of(content).text()}});
        return {{"op", "copy"},
                {"sources", sources},
                {"files", files},
                {"destination", escaped(op.destination)},
                {"several", op.sources.size() + op.inline_files.size() > 1},
                {"owner", escaped(op.owner)},
                {"mode", escaped(op.mode)},
                {"unpack", op.unpack}};
    }
    nlohmann::json operator()(const DirectoryOp& op) const
    {
        return {{"op", "directory"}, {"path", escaped(op.path)}};
    }
};

} // namespace

attest::Digest key_of(const Node& node,
                      const std::vector<attest::Digest>& inputs,
                      const std::string& content,
                      const KeyContext& context)
{
    nlohmann::json key = std::visit(Describe(), node.op);
    key["version"] = kKeyVersion;
    key["content"] = content;
    key["policy"] = context.policy;
    key["epoch"] = context.epoch;
    key["architecture"] = context.architecture;
    key["inputs"] = nlohmann::json::array();
    for (const attest::Digest& input : inputs)
        key["inputs"].push_back(input.text());
    return attest::Digest::of(key.dump());
}

std::string plan_document(const sandbox::Plan& plan)
{
    sandbox::Plan copy = plan;
    copy.lowers.clear();
    copy.upper.clear();
    copy.name.clear();
    for (std::string* text : {&copy.working_directory, &copy.user})
        *text = escaped(*text);
    for (std::string& word : copy.argv)
        word = escaped(word);
    for (std::string& entry : copy.environment)
        entry = escaped(entry);
    for (sandbox::PlanFile& file : copy.files)
        file.content = escaped(file.content);
    return to_json(copy).dump();
}

} // namespace caisson::runner
