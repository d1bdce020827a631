{#- Rows that break any of the rules; a rule that is null is broken too. One scan for all rules of a model. -#}
{% test every_row(model, rules) %}
select * from {{ model }}
where not ({% for rule in rules %}coalesce({{ rule }}, false){{ ' and ' if not loop.last }}{% endfor %})
{% endtest %}
