"""Pages of metrics as engines give them."""

from __future__ import annotations

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="qwen"} 3.0
vllm:num_requests_running{engine="1",model_name="qwen"} 4.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="qwen"} 5.0
vllm:num_requests_waiting{engine="1",model_name="qwen"} 0.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="qwen"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="qwen"} 0.25
# TYPE vllm:prefix_cache_queries counter
vllm:prefix_cache_queries_created{engine="0"} 1.7e+09
vllm:prefix_cache_queries_total{engine="0",model_name="qwen"} 1.2e+06
vllm:prefix_cache_hits_total{engine="0",model_name="qwen"} 900000.0
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_gpu_blocks="2000"} 1.0
# TYPE vllm:lora_requests_info gauge
vllm:lora_requests_info{max_lora="4",running_lora_adapters="old",waiting_lora_adapters=""} 1.7e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql, legal",waiting_lora_adapters="x"} 1.8e+09
"""
OLD_VLLM = """\
vllm:num_requests_running{model_name="m"} 1
vllm:num_requests_waiting{model_name="m"} 2
vllm:gpu_cache_usage_perc{model_name="m"} 0.75
"""
SILENT_VLLM = '# TYPE python_info gauge\npython_info{version="3.12"} 1.0\n'
SGLANG = """\
sglang:num_queue_reqs{model_name="m",tp_rank="0"} 7.0
sglang:num_running_reqs{model_name="m",tp_rank="0"} 12.0
sglang:token_usage{model_name="m",tp_rank="0"} 0.28
sglang:max_total_num_tokens{model_name="m",tp_rank="0"} 400000.0
sglang:prompt_tokens_total{model_name="m"} 8.1e+06
sglang:cached_tokens_total{model_name="m"} 4e+06
"""
TGI = "tgi_batch_current_max_tokens 900\ntgi_batch_current_size 6\ntgi_queue_size 2\n"
LLAMACPP = "llamacpp:requests_processing 1\nllamacpp:requests_deferred 3\nllamacpp:kv_cache_usage_ratio 0.4\n"
TRITON = """\
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 1
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 9
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 2
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm"} 0.1
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="tensorrt_llm"} 100
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm"} 64
"""
TENSORRT = "trtllm_num_requests_waiting 4\ntrtllm_num_requests_running 5\ntrtllm_kv_cache_utilization 0.6\n"


def large_vllm(size: int = 60_000) -> bytes:
    """A page of that many bytes at least: histograms before and after what is wanted, as the client library writes them."""
    histogram = "".join(
        f'vllm:time_to_first_token_seconds_bucket{{engine="0",le="{bound / 100}",model_name="qwen"}} {bound}.0\n'
        for bound in range(size // 160)
    )
    return (histogram + VLLM + histogram.replace("first_token", "last_token")).encode()
