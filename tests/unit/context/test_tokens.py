"""The neutral estimate: near what tokenizers count, whatever the text is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.context.tokens import (
    AUDIO,
    CALL_OVERHEAD,
    DOCUMENT,
    IMAGE,
    MESSAGE_OVERHEAD,
    SMALL_IMAGE,
    TOOL_OVERHEAD,
    estimate,
    estimate_text,
    estimate_tools,
)
from convo.messages import assistant, system, tool_call, user
from convo.options import Tool
from convo.values import dump_json
from support.mistral_oracle import text_tokens

DATA = Path(__file__).parents[2] / "data"
SAMPLES = {
    "English": "What is the best French cheese? It depends on whom you ask, and on the season. Many people would name "
    "Comté, which ripens for a year or longer; others prefer something soft, such as Brie or Camembert, with a glass "
    "of cider and a piece of fresh bread. If you are in Normandy in spring, do not miss the markets.",
    "code": Path(__file__).read_text(encoding="utf-8"),
    "JSON": (DATA / "tool-conversations.jsonl").read_text(encoding="utf-8")[:20_000],
    "Chinese": "法国最好的奶酪是什么？这取决于你问谁，也取决于季节。许多人会说是孔泰奶酪，它要熟成一年或更长时间；"
    "另一些人更喜欢软质的奶酪，比如布里或卡门贝尔，配上一杯苹果酒和一块新鲜的面包。",
    "Japanese": "フランスで一番おいしいチーズは何ですか。それは誰に聞くか、そして季節によって変わります。多くの人は、"
    "一年以上熟成させるコンテの名前を挙げるでしょう。",
    "Korean": "가장 맛있는 프랑스 치즈는 무엇입니까? 누구에게 묻느냐에 따라, 그리고 계절에 따라 다릅니다. 많은 "
    "사람들이 일 년 이상 숙성하는 콩테를 꼽을 것입니다.",
    "Russian": "Какой французский сыр самый лучший? Это зависит от того, кого вы спросите, и от времени года. Многие "
    "назовут конте, который созревает год или дольше; другие предпочитают мягкие сыры.",
    "Arabic": "ما هو أفضل جبن فرنسي؟ يعتمد ذلك على من تسأل وعلى الموسم. "
    "سيذكر كثيرون جبن كونتيه الذي ينضج لمدة عام أو أكثر.",
    "Hindi": "सबसे अच्छा फ़्रांसीसी पनीर कौन सा है? यह इस बात पर निर्भर करता है कि आप किससे पूछते हैं और मौसम क्या है।",
    "German": "Welches ist der beste französische Käse? Das kommt darauf an, wen man fragt, und auf die Jahreszeit. "
    "Viele würden den Comté nennen, der ein Jahr oder länger reift.",
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==" * 4,
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_estimate_is_near_what_a_tokenizer_counts(kind: str) -> None:
    text = SAMPLES[kind]
    assert 0.75 <= estimate_text(text) / text_tokens(text) <= 1.3


@given(st.text(max_size=200))
def test_any_text_has_an_estimate(text: str) -> None:
    assert (estimate_text(text) == 0) == (text == "")
    assert estimate_text(text) <= 4 * len(text.encode("utf-8", "surrogatepass"))


@given(st.text(max_size=60), st.text(max_size=60))
def test_texts_joined_cost_about_what_they_cost_apart(one: str, other: str) -> None:
    together, apart = estimate_text(one + other), estimate_text(one) + estimate_text(other)
    assert apart - 2 <= together <= apart + 2


def test_lone_surrogates_are_counted() -> None:
    assert estimate_text("\ud800") >= 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("word", 1), ("two words", 2), ("  " * 20, 4), ("1234567890", 10), ("漢" * 10, 10), ("....", 2), ("\n" * 10, 4)],
)
def test_the_estimate_of_simple_texts(text: str, tokens: int) -> None:
    assert estimate_text(text) == tokens


def test_a_message_costs_its_content_and_an_overhead() -> None:
    assert estimate(user("")) == MESSAGE_OVERHEAD
    assert estimate(user("two words")) == MESSAGE_OVERHEAD + 2
    assert estimate(user([{"type": "text", "text": "two"}, {"type": "text", "text": "two words"}])) == (
        MESSAGE_OVERHEAD + 1 + 2
    )
    assert estimate(assistant(None)) == MESSAGE_OVERHEAD


def test_tool_calls_cost_their_names_and_arguments() -> None:
    call = tool_call("look", {"for": "cheese"}, id="aaaaaaaa1")
    alone = CALL_OVERHEAD + estimate_text("look") + estimate_text('{"for":"cheese"}')
    assert estimate(assistant("", tool_calls=[call, call])) == MESSAGE_OVERHEAD + 2 * alone


@pytest.mark.parametrize(
    ("chunk", "tokens"),
    [
        ({"type": "image_url", "image_url": "https://images.example/a.png"}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "https://images.example/a.png"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "https://images.example/a.png", "detail": "high"}}, IMAGE),
        ({"type": "image_url", "image_url": {"url": "https://images.example/a.png", "detail": "low"}}, SMALL_IMAGE),
        ({"type": "document_url", "document_url": "https://documents.example/a.pdf"}, DOCUMENT),
        ({"type": "file", "file_id": "0b5ae2c6"}, DOCUMENT),
        ({"type": "input_audio", "input_audio": "https://audio.example/a.mp3" + "a" * 10_000_000}, AUDIO),
        ({"type": "input_audio", "input_audio": "UklG" * 1000}, AUDIO),
        ({"type": "input_audio", "input_audio": "UklG" * 425_000}, 1_000),
        ({"type": "input_audio", "input_audio": {"data": "UklG" * 425_000, "format": "mp3"}}, 1_000),
        ({"type": "input_audio", "input_audio": {"format": "mp3"}}, AUDIO),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "two words"}]}, 2),
        (
            {"type": "resource", "uri": "u", "content": {"type": "text", "text": "two words"}},
            estimate_text("u") + 2,
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else str(value),
)
def test_other_content_has_its_cost(chunk: dict[str, object], tokens: int) -> None:
    assert estimate(user([chunk])) == MESSAGE_OVERHEAD + tokens


def test_a_chunk_nobody_knows_costs_its_json() -> None:
    chunk = {"type": "hologram", "beam": "wide open"}
    assert estimate(system([chunk])) == MESSAGE_OVERHEAD + estimate_text(dump_json(chunk))


def test_tool_definitions_are_counted() -> None:
    tool = Tool.from_json({"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}})
    one = TOOL_OVERHEAD + estimate_text(dump_json(tool))
    assert estimate_tools([]) == 0
    assert estimate_tools([tool, tool]) == 2 * one
