"""AWS Bedrock's Converse API, as upstream's language. `dialect.Bedrock` is the door; nothing else is public."""

from headworks.dialects.bedrock.dialect import Bedrock

__all__ = ["Bedrock"]
