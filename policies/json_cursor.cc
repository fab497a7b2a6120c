#include "policies/json_cursor.hh"

#include "policies/nearest.hh"

#include <algorithm>
#include <utility>

namespace caisson::policies {
namespace {

/// What a value is, for "…, not 12".
std::string described(const JsonNode& node)
{
    struct Describer {
        std::string operator()(JsonNode::Null) const { return "null"; }
        std::string operator()(bool value) const { return value ? "true" : "false"; }
        std::string operator()(std::uint64_t value) const { return std::to_string(value); }
        std::string operator()(const JsonNode::OtherNumber& number) const
        {
            return number.text.substr(0, 40);
        }
        std::string operator()(const std::string& text) const { return in_quotes(text); }
        std::string operator()(const JsonNode::Elements&) const { return "an array"; }
        std::string operator()(const JsonNode::Members&) const { return "an object"; }
    };
    return std::visit(Describer{}, node.value);
}

std::string listed(std::span<const std::string_view> choices)
{
    std::string list;
    for (const std::string_view choice : choices)
        list += (list.empty() ? "\"" : ", \"") + std::string(choice) + "\"";
    return list;
}

} // namespace

JsonCursor::JsonCursor(const JsonNode& node, std::string_view origin)
    : JsonCursor(node, origin, {})
{}

JsonCursor::JsonCursor(const JsonNode& node, std::string_view origin, std::string path)
    : node_(&node)
    , origin_(origin)
    , path_(std::move(path))
{}

void JsonCursor::refuse(const std::string& why, std::string hint) const
{
    refuse_line(origin_,
                node_->line,
                (path_.empty() ? "the document" : in_quotes(path_)) + " " + why,
                std::move(hint));
}

void JsonCursor::refuse_not(const std::string& what, std::string hint) const
{
    refuse("must be " + what + ", not " + described(*node_), std::move(hint));
}

const JsonNode::Members& JsonCursor::members() const
{
    const auto* members = std::get_if<JsonNode::Members>(&node_->value);
    if (members == nullptr) refuse_not("an object");
    return *members;
}

void JsonCursor::allow_only(std::span<const std::string_view> names) const
{
    for (const JsonMember& member : members()) {
        if (std::find(names.begin(), names.end(), member.name) != names.end()) continue;
        refuse_line(origin_,
                    member.line,
                    "unknown key " + in_quotes(member.name) +
                        (path_.empty() ? "" : " in " + in_quotes(path_)),
                    suggest(member.name, names));
    }
}

std::optional<JsonCursor> JsonCursor::find(std::string_view name) const
{
    for (const JsonMember& member : members())
        if (member.name == name)
            return JsonCursor(
                member.value, origin_, path_.empty() ? member.name : path_ + "." + member.name);
    return std::nullopt;
}

JsonCursor JsonCursor::at(std::string_view name) const
{
    auto member = find(name);
    if (!member) refuse("lacks the key " + in_quotes(name));
    return *std::move(member);
}

std::vector<JsonCursor> JsonCursor::elements() const
{
    const auto* elements = std::get_if<JsonNode::Elements>(&node_->value);
    if (elements == nullptr) refuse_not("an array");
    std::vector<JsonCursor> cursors;
    cursors.reserve(elements->size());
    for (const JsonNode& element : *elements)
        cursors.push_back(
            JsonCursor(element, origin_, path_ + "[" + std::to_string(cursors.size()) + "]"));
    return cursors;
}

std::string JsonCursor::text(std::size_t most) const
{
    const auto* text = std::get_if<std::string>(&node_->value);
    if (text == nullptr) refuse_not("a string");
    if (text->empty() || text->size() > most)
        refuse("must have 1 to " + std::to_string(most) + " bytes");
    return *text;
}

std::string JsonCursor::one_of(std::span<const std::string_view> choices) const
{
    const auto* text = std::get_if<std::string>(&node_->value);
    const std::string what = choices.size() == 1 ? listed(choices) : "one of " + listed(choices);
    if (text == nullptr) refuse_not(what);
    if (std::find(choices.begin(), choices.end(), *text) == choices.end())
        refuse_not(what, suggest(*text, choices));
    return *text;
}

std::vector<std::string> JsonCursor::several_of(std::span<const std::string_view> choices) const
{
    std::vector<std::string> chosen;
    for (const JsonCursor& element : elements()) {
        std::string one = element.one_of(choices);
        if (std::find(chosen.begin(), chosen.end(), one) != chosen.end())
            element.refuse("names " + in_quotes(one) + " a second time");
        chosen.push_back(std::move(one));
    }
    return chosen;
}

std::uint64_t JsonCursor::whole_number(std::uint64_t least, std::uint64_t most) const
{
    const auto* number = std::get_if<std::uint64_t>(&node_->value);
    if (number == nullptr || *number < least || *number > most)
        refuse_not("a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return *number;
}

bool JsonCursor::flag() const
{
    const auto* flag = std::get_if<bool>(&node_->value);
    if (flag == nullptr) refuse_not("true or false");
    return *flag;
}

bool JsonCursor::is_empty() const
{
    const auto& value = node_->value;
    const auto* text = std::get_if<std::string>(&value);
    const auto* elements = std::get_if<JsonNode::Elements>(&value);
    const auto* members = std::get_if<JsonNode::Members>(&value);
    return std::holds_alternative<JsonNode::Null>(value) || (text != nullptr && text->empty()) ||
           (elements != nullptr && elements->empty()) || (members != nullptr && members->empty());
}

} // namespace caisson::policies
