// The one source that knows Beast: its parser alone, on bytes, without its sockets and containers.
#include "cluster/server/http_head.hpp"

#include <boost/beast/http/basic_parser.hpp>

namespace millrace {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

/// Keeps the first line, and lets go of every field.
class HeadParser final : public http::basic_parser<true> {
public:
    explicit HeadParser(HttpHead& head) : head_(head) {
        // What follows the head is nobody's business here.
        skip(true);
    }

private:
    void on_request_impl(http::verb, string_view method, string_view target, int,
                         error_code&) override {
        head_.method = std::string(method);
        head_.target = std::string(target);
    }
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_field_impl(http::field, string_view, string_view, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    HttpHead& head_;
};

}  // namespace

HttpHead parse_http_head(ByteView bytes) {
    HttpHead head;
    HeadParser parser(head);
    error_code error;
    parser.put(boost::beast::net::const_buffer(bytes.data(), bytes.size()), error);
    if (error == http::error::need_more) {
        head.state = HttpHead::State::kIncomplete;
    } else if (error || !parser.is_header_done()) {
        head.state = HttpHead::State::kMalformed;
    } else {
        head.state = HttpHead::State::kWhole;
    }
    return head;
}

}  // namespace millrace
