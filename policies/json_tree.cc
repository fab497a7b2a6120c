// A policy is written by people, so an error must say the line. nlohmann::json keeps no positions;
// its SAX interface calls back while the text is read, and the iterator it reads through is ours.
#include "policies/json_tree.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace caisson::policies {
namespace {

constexpr std::size_t kDeepest = 8;       // a policy nests three deep
constexpr std::size_t kMostMembers = 256; // keeps the search for a second key cheap

/// The line of the character that was read last. A number ends only at the character behind it, so
/// line breaks are counted up to that character and not beyond.
class LineCounter {
public:
    void read(char character)
    {
        if (broken_) ++line_;
        broken_ = character == '\n';
    }
    [[nodiscard]] std::size_t line() const { return line_; }

private:
    std::size_t line_ = 1;
    bool broken_ = false;
};

/// Reads a text and tells a LineCounter; single pass.
class CountingIterator {
public:
    // NOLINTBEGIN(readability-identifier-naming): std::iterator_traits asks for these names
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;
    // NOLINTEND(readability-identifier-naming)

    CountingIterator(const char* position, LineCounter& counter)
        : position_(position)
        , counter_(&counter)
    {}
    reference operator*() const { return *position_; }
    CountingIterator& operator++()
    {
        counter_->read(*position_++);
        return *this;
    }
    bool operator==(const CountingIterator& other) const { return position_ == other.position_; }
    bool operator!=(const CountingIterator& other) const { return !(*this == other); }

private:
    const char* position_;
    LineCounter* counter_;
};

/// Builds the tree from the parser's events.
class TreeBuilder {
public:
    TreeBuilder(std::string_view origin, const LineCounter& counter)
        : origin_(origin)
        , counter_(counter)
    {}

    bool null() { return add(JsonNode::Null{}); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(std::int64_t value)
    {
        return add(JsonNode::OtherNumber{std::to_string(value)});
    }
    bool number_unsigned(std::uint64_t value) { return add(value); }
    bool number_float(double, const std::string& text) { return add(JsonNode::OtherNumber{text}); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(nlohmann::json::binary_t&) { return false; } // JSON text has none
    bool start_object(std::size_t) { return open(JsonNode::Members{}); }
    bool start_array(std::size_t) { return open(JsonNode::Elements{}); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name)
    {
        auto& members = std::get<JsonNode::Members>(open_.back()->value);
        const auto same = [&](const JsonMember& member) { return member.name == name; };
        if (const auto first = std::find_if(members.begin(), members.end(), same);
            first != members.end())
            refuse("key " + in_quotes(name) + " is given twice (first on line " +
                   std::to_string(first->line) + ")");
        if (members.size() == kMostMembers)
            refuse("more than " + std::to_string(kMostMembers) + " keys in one object");
        members.push_back({.name = std::move(name), .line = counter_.line(), .value = {}});
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error)
    {
        std::string_view why = error.what();
        if (const auto column = why.find("column "); column != std::string_view::npos)
            why.remove_prefix(why.find(": ", column) + 2);
        refuse("not JSON: " + std::string(why.substr(0, why.find("; last read"))));
    }

    [[nodiscard]] JsonNode take() && { return std::move(root_); }

private:
    [[noreturn]] void refuse(const std::string& why) const
    {
        refuse_line(origin_, counter_.line(), why);
    }

    /// The place the next value goes to. Pointers into a vector stay good: a container grows only
    /// once the value added last is closed.
    JsonNode& place()
    {
        if (open_.empty()) return root_;
        if (auto* elements = std::get_if<JsonNode::Elements>(&open_.back()->value))
            return elements->emplace_back();
        return std::get<JsonNode::Members>(open_.back()->value).back().value;
    }

    template<class Value>
    bool add(Value value)
    {
        JsonNode& node = place();
        node.value = std::move(value);
        node.line = counter_.line();
        return true;
    }

    template<class Container>
    bool open(Container container)
    {
        if (open_.size() == kDeepest)
            refuse("nested deeper than " + std::to_string(kDeepest) + " levels");
        JsonNode& node = place();
        node.value = std::move(container);
        node.line = counter_.line();
        open_.push_back(&node);
        return true;
    }

    bool close()
    {
        open_.pop_back();
        return true;
    }

    std::string_view origin_;
    const LineCounter& counter_;
    JsonNode root_;
    std::vector<JsonNode*> open_; ///< the containers around the next value, outermost first
};

} // namespace

void refuse_line(std::string_view origin,
                 std::size_t line,
                 const std::string& why,
                 std::string hint)
{
    throw Error(ErrorKind::kUsage,
                std::string(origin) + ": line " + std::to_string(line) + ": " + why,
                std::move(hint));
}

std::string in_quotes(std::string_view text)
{
    constexpr std::size_t kShown = 80;
    const nlohmann::json shown = std::string(text.substr(0, kShown));
    const auto replace = nlohmann::json::error_handler_t::replace; // the cut may split a character
    return shown.dump(-1, ' ', true, replace) + (text.size() > kShown ? "…" : "");
}

JsonNode parse_json_with_lines(std::string_view text, std::string_view origin)
{
    LineCounter counter;
    TreeBuilder builder(origin, counter);
    const CountingIterator begin(text.data(), counter);
    const CountingIterator end(text.data() + text.size(), counter);
    if (!nlohmann::json::sax_parse(begin, end, &builder))
        refuse_line(origin, counter.line(), "not JSON"); // parse_error has thrown already
    return std::move(builder).take();
}

} // namespace caisson::policies
