{#- In the driver of a job (target `driver`) dbt works under the role of one contract, which may name the tables of that
    contract and no others: so dbt asks for these only, and for no list of databases. Elsewhere dbt's own questions stay. -#}
{% macro spark__list_schemas(database) %}
  {% call statement('list_schemas', fetch_result=True, auto_begin=False) %}
    {% if target.name == 'driver' %}select '{{ target.schema }}' as namespace{% else %}show databases{% endif %}
  {% endcall %}
  {{ return(load_result('list_schemas').table) }}
{% endmacro %}

{% macro spark__list_relations_without_caching(relation) %}
  {%- set own = [] -%}
  {%- for id in selected_resources if target.name == 'driver' and id.startswith('model.') -%}
    {%- do own.append(id.split('.') | last) -%}
  {%- endfor -%}
  {% call statement('list_relations_without_caching', fetch_result=True) -%}
    show table extended in {{ relation.schema }} like '{{ own | sort | join('|') if own else '*' }}'
  {% endcall %}
  {% do return(load_result('list_relations_without_caching').table) %}
{% endmacro %}
