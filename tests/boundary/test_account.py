"""What a submission's exception says, as a student reads it."""

import pytest

from katagrad.worker.account import describe


@pytest.mark.needs("tensorflow")
def test_a_message_of_tensorflow_says_nothing_of_devices(tmp_path):
    import tensorflow as tf

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])
    assert "function_node" in str(caught.value)
    told = describe(caught.value, tmp_path)["message"]
    assert told.startswith("Incompatible shapes: [2] vs. [3]")
    assert told.endswith("(operation AddV2)")


def test_other_messages_are_left_as_they_are(tmp_path):
    for text in ("a name: ", "[Op:x] is not the end", "{{braces}} [Op] name:"):
        assert describe(ValueError(text), tmp_path)["message"] == text
