#include "runner/dockerfile/words.hh"

#include "runner/dockerfile/utf8.hh"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace caisson::runner {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";

bool is_blank_byte(char byte)
{
    const auto code = static_cast<unsigned char>(byte);
    return code < 0x80 && is_space(code);
}

} // namespace

std::vector<std::string> split_quoted(std::string_view text, char escape)
{
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = '\0';
    const auto end_word = [&] {
        if (in_word && !word.empty()) words.push_back(word);
        word.clear();
        in_word = false;
    };
    while (!text.empty()) {
        const Rune rune = decode_rune(text);
        std::string_view character = text.substr(0, rune.length);
        text.remove_prefix(rune.length);
        if (quote == '\0' && is_space(rune.code)) {
            end_word();
            continue;
        }
        in_word = true;
        const char byte = character.front();
        if (byte == escape && quote != '\'') {
            if (text.empty()) break; // an escape character at the end is dropped
            word += character;
            character = text.substr(0, decode_rune(text).length);
            text.remove_prefix(character.size());
        } else if (quote == '\0' && (byte == '\'' || byte == '"')) {
            quote = byte;
        } else if (byte == quote) {
            quote = '\0';
        }
        word += character;
    }
    end_word();
    return words;
}

std::vector<std::string> split_plain(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(end);
        text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    }
    return words;
}

std::pair<std::string_view, std::string_view> split_first(std::string_view text)
{
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    std::string_view rest = text.substr(end);
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    return {text.substr(0, end), rest};
}

std::vector<std::string> take_flags(std::string_view& text)
{
    std::vector<std::string> flags;
    for (;;) {
        while (!text.empty() && is_blank_byte(text.front()))
            text.remove_prefix(1);
        if (!text.starts_with("--")) return flags;
        std::string flag;
        char quote = '\0';
        while (!text.empty() && (quote != '\0' || !is_blank_byte(text.front()))) {
            char byte = text.front();
            text.remove_prefix(1);
            if (quote == '\0' ? byte == '\'' || byte == '"' : byte == quote) {
                quote = quote == '\0' ? byte : '\0';
                continue;
            }
            if (byte == '\\') { // always the backslash here, whatever the escape directive says
                if (text.empty()) break;
                byte = text.front();
                text.remove_prefix(1);
            }
            flag += byte;
        }
        if (flag == "--") return flags;
        flags.push_back(std::move(flag));
    }
}

std::optional<std::vector<std::string>> parse_json_words(std::string_view text, const Place& place)
{
    text = trim_left(text);
    if (!text.starts_with('[')) return std::nullopt;
    const auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_array()) return std::nullopt;
    std::vector<std::string> words;
    for (const auto& element : parsed) {
        if (!element.is_string()) place.fail("a JSON array here can hold strings only", "[");
        words.push_back(element.get<std::string>());
    }
    return words;
}

} // namespace caisson::runner
