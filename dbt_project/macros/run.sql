{#- Facts of the run (lake, pinned versions, commit metadata) come in one variable, read at execution only:
    so partial parsing survives from run to run. tideline.batch.model writes it. -#}
{% macro run_facts() %}
  {%- if execute -%}
    {{ return(fromjson(env_var('TIDELINE_DBT_RUN', '{}'))) }}
  {%- endif -%}
  {{ return({}) }}
{% endmacro %}

{#- The silver table of a product at the version that this run pinned. -#}
{% macro silver(domain, product) %}
  {%- set table = source('silver', domain ~ '_' ~ product) -%}
  {%- set facts = run_facts() -%}
  {%- set version = facts.get('silver', {}).get(domain ~ '.' ~ product) -%}
  {%- if version is none -%}
    {{ return(table) }}
  {%- endif -%}
  {{ return('delta.`' ~ facts['lake']['silver'] ~ '/' ~ domain ~ '/' ~ product ~ '` version as of ' ~ version) }}
{% endmacro %}

{#- The commit carries the Coverage of the silver version, in the same Delta commit as the data. -#}
{% macro say_in_commit() %}
  {%- set facts = run_facts() -%}
  set spark.databricks.delta.commitInfo.userMetadata={{ facts.get('commit', '{}') }}
{% endmacro %}

{#- Gold tables lie where the lake keeps gold, each in a folder of its name. -#}
{% macro spark__location_clause() %}
  {%- set facts = run_facts() -%}
  {%- if facts.get('lake') -%}
    location '{{ facts['lake']['gold'] }}/{{ model['alias'] }}'
  {%- endif -%}
{% endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}

{#- The newest refine batch of silver that the live release holds; 0 before the first. -#}
{% macro released_batch(contract) %}
  {{- run_facts().get('released_batch', {}).get(contract, 0) | int -}}
{% endmacro %}
