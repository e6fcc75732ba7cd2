#include "report/waterfall.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/duration.hpp"
#include "gladhand/error.hpp"
#include "gladhand/target.hpp"
#include "report/narrator.hpp"

namespace gladhand {

namespace {

enum class Ending { none, good, bad, given_up };

struct Row {
  std::string label;
  bool attempt = false;
  Moment begin{};
  bool established = false;  // and its server has to say something
  std::optional<Moment> end{};
  Ending ending = Ending::none;
  std::string text{};
};

// The rows of the picture, gathered from the events.
class Rows {
 public:
  void take(const Event& event) {
    now_ = event.at;
    last_ = std::max(last_, now_);
    std::visit([this](const auto& it) { on(it); }, event.body);
  }

  std::vector<Row> rows() const {
    std::vector<Row> all = questions_;
    for (const Row& row : attempts_)
      if (!row.label.empty()) all.push_back(row);
    std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(questions_.size()),
                     all.end(),
                     [](const Row& a, const Row& b) { return a.begin < b.begin; });
    all.insert(all.end(), handshakes_.begin(), handshakes_.end());
    return all;
  }
  Moment last() const { return last_; }
  const std::string& title() const { return title_; }

 private:
  void on(const Configured& event) {
    *this = Rows();  // of several dials the last is drawn
    title_ = "connect to " + in_words(event.host, event.service);
    if (!event.through.empty()) title_ += " through " + event.through;
    if (!event.why_direct.empty()) title_ += " without a proxy: " + event.why_direct;
  }
  void on(const SendQuery& event) {
    questions_.push_back({.label = label(event.family, event.group), .begin = now_});
  }
  void on(const SendServiceQuery& event) {
    if (questions_.empty())
      questions_.push_back({.label = std::string(to_string(event.type)), .begin = now_});
  }
  void on(const ServiceAnswered& event) {
    if (questions_.empty() || questions_.front().end) return;
    const std::size_t count = event.hosts.size();
    end(questions_.front(),
        count != 0 ? Ending::good : Ending::bad,
        count == 0 ? to_words(event.status, event.type)
                   : std::to_string(count) + (count == 1 ? " host" : " hosts"));
  }
  void on(const AnswerReceived& event) {
    for (Row& row : questions_) {
      if (row.end || row.label != label(event.family, event.group)) continue;
      const std::size_t count = event.candidates.size();
      const bool found = event.status == AnswerStatus::addresses;
      end(row,
          found ? Ending::good : Ending::bad,
          found ? std::to_string(count) + (count == 1 ? " address" : " addresses")
                : to_words(event.status, event.family));
    }
  }
  void on(const StartAttempt& event) {
    if (attempts_.size() <= event.attempt) attempts_.resize(event.attempt + 1);
    attempts_[event.attempt] = {.label = to_string(event.endpoint), .attempt = true, .begin = now_};
  }
  void on(const Established& event) { attempts_[event.attempt].established = true; }
  void on(const Connected& event) {
    Row& row = attempts_[event.attempt];
    if (!row.end) end(row, Ending::good, "connected");
  }
  void on(const AttemptFailed& event) {
    Row& row = attempts_[event.attempt];
    if (!row.end) end(row, Ending::bad, to_words(event.cause));
  }
  void on(const CancelAttempt& event) {
    Row& row = attempts_[event.attempt];
    if (row.end) return;
    const char* silent = row.established ? "no first words" : "no answer";
    end(row, Ending::given_up, event.reason == CancelReason::timed_out ? silent : "given up");
  }
  void on(const HandshakeStarted& event) {
    handshakes_.push_back({.label = event.peer, .attempt = true, .begin = now_});
  }
  void on(const HandshakeFinished& event) {
    const bool open = event.failure.empty();
    end(handshakes_.back(), open ? Ending::good : Ending::bad, open ? "open" : event.failure);
  }
  template <typename Other>
  void on(const Other& /*event*/) {}

  // The hosts of service records are counted, in their order.
  static std::string label(Family family, CandidateGroup group) {
    const std::string type(question_type(family));
    return group == unassociated ? type : type + ' ' + std::to_string(group + 1);
  }

  void end(Row& row, Ending ending, const std::string& text) const {
    row.end = now_;
    row.ending = ending;
    row.text = text + ", " + to_string(now_ - row.begin);
  }

  Moment now_{};
  Moment last_{};
  std::string title_;
  std::vector<Row> questions_;
  std::vector<Row> attempts_;  // by AttemptId
  std::vector<Row> handshakes_;
};

class Picture {
 public:
  Picture(const Rows& rows, const Canvas& canvas) : rows_(rows.rows()), canvas_(canvas) {
    constexpr std::size_t narrowest_bar = 8;
    std::size_t text = 8;
    for (const Row& row : rows_) {
      label_ = std::max(label_, row.label.size());
      text = std::max(text, row.text.size());
    }
    const std::size_t taken = label_ + text + 4;
    bar_ = std::max(narrowest_bar, canvas.columns > taken ? canvas.columns - taken : 0);
    const std::size_t left = label_ + bar_ + 4;
    text_ = canvas.columns > left ? canvas.columns - left : 0;
    span_ = std::max(rows.last(), Moment(1));
  }

  std::string axis() const {
    const std::string end = to_string(span_);
    std::string line(label_ + 2, ' ');
    line += '0' + std::string(bar_ > end.size() ? bar_ - end.size() : 1, ' ') + end;
    return line + '\n';
  }

  std::string row(const Row& row) const {
    const std::size_t begin = column(row.begin);
    const std::size_t end = std::max(column(row.end.value_or(span_)), begin);
    std::string line = row.label + std::string(label_ - row.label.size() + 2, ' ');
    line += std::string(begin, ' ');
    for (std::size_t i = begin; i < end; ++i) line += piece(row);
    line += mark(row.ending) + std::string(bar_ - end + 1, ' ') + row.text.substr(0, text_);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
  }

  std::string draw() const {
    std::string text = axis();
    for (const Row& it : rows_) text += row(it);
    return text;
  }

 private:
  std::size_t column(Moment at) const {
    return static_cast<std::size_t>(at.count()) * (bar_ - 1) /
           static_cast<std::size_t>(span_.count());
  }

  std::string piece(const Row& row) const {
    if (!canvas_.unicode) return row.attempt ? "=" : "-";
    return row.attempt ? "━" : "┄";
  }

  std::string mark(Ending ending) const {
    std::string text;
    std::string colour;
    switch (ending) {
      case Ending::none: return " ";
      case Ending::good:
        text = canvas_.unicode ? "●" : "*";
        colour = "\033[32m";
        break;
      case Ending::bad:
        text = canvas_.unicode ? "✗" : "x";
        colour = "\033[31m";
        break;
      case Ending::given_up:
        text = canvas_.unicode ? "○" : "o";
        colour = "\033[33m";
        break;
    }
    return canvas_.colour ? colour + text + "\033[0m" : text;
  }

  std::vector<Row> rows_;
  Canvas canvas_;
  std::size_t label_ = 4;
  std::size_t bar_ = 0;
  std::size_t text_ = 0;
  Moment span_{};
};

}  // namespace

std::string draw_waterfall(std::span<const Event> events, const Canvas& canvas) {
  Rows rows;
  Narrator narrator;
  std::string reasons;
  for (const Event& event : events) {
    rows.take(event);
    if (const std::string line = narrator.line(event); !line.empty()) reasons += line + '\n';
  }
  return rows.title() + "\n\n" + Picture(rows, canvas).draw() + '\n' + reasons;
}

std::string draw_bars_of_dial(std::span<const Event> events, const Canvas& canvas) {
  Rows rows;
  for (const Event& event : events) rows.take(event);
  return Picture(rows, canvas).draw();
}

}  // namespace gladhand
