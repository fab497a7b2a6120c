#include "attest/strict_json.hh"

#include <set>
#include <vector>

namespace caisson::attest {
namespace {

/// Walks the text before anything is built from it, and stops at the first thing it does not like.
class StrictnessCheck : public nlohmann::json_sax<nlohmann::json> {
public:
    std::string problem;

    bool null() override { return true; }
    bool boolean(bool /*value*/) override { return true; }
    bool number_integer(number_integer_t /*value*/) override { return true; }
    bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
    bool string(string_t& /*value*/) override { return true; }
    bool binary(binary_t& /*value*/) override { return true; }
    bool start_object(std::size_t /*size*/) override { return enter(); }
    bool start_array(std::size_t /*size*/) override { return enter(); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }

    bool key(string_t& name) override
    {
        if (open_.back().insert(name).second) return true;
        problem = "the member \"" + name + "\" stands twice in one object";
        return false;
    }

    bool parse_error(std::size_t position,
                     const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override
    {
        problem = "no valid JSON at byte " + std::to_string(position);
        return false;
    }

private:
    bool enter()
    {
        open_.emplace_back();
        if (open_.size() <= kMaxDepth) return true;
        problem = "nested deeper than " + std::to_string(kMaxDepth);
        return false;
    }
    bool leave()
    {
        open_.pop_back();
        return true;
    }

    std::vector<std::set<std::string>> open_; ///< the names seen in each object that is open
};

} // namespace

Reading<nlohmann::json> read_strict_json(std::string_view text)
{
    // the parser below would skip one, other readers would not
    if (text.starts_with("\xef\xbb\xbf")) return {{}, "starts with a byte order mark"};
    StrictnessCheck check;
    if (!nlohmann::json::sax_parse(text, &check)) return {{}, check.problem};
    return {nlohmann::json::parse(text), {}};
}

std::optional<std::string> text_member(const nlohmann::json& json, const char* name)
{
    const nlohmann::json& found = member(json, name);
    if (!found.is_string()) return std::nullopt;
    return found.get<std::string>();
}

} // namespace caisson::attest
