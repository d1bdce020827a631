"""SNS: with which hash a topic signs what it sends. moto keeps it as it was set and leaves it out of the answer."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sns.responses import SNSResponse

_attributes = SNSResponse.get_topic_attributes


def get_topic_attributes(self: SNSResponse) -> ActionResult:
    answer = _attributes(self)
    topic = self.backend.get_topic(self._get_param("TopicArn"))
    answer.result["Attributes"]["SignatureVersion"] = getattr(topic, "signature_version", "1")
    return answer


SNSResponse.get_topic_attributes = get_topic_attributes  # type: ignore[method-assign]
